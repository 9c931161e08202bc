"""What both stacks need to run their checks."""

import os
import traceback
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

query_log = Path(os.environ["LOG_QUERIES"])
failed = []


def key(n):
    return UUID(f"{n:032}")


def keys(*numbers):
    return [key(n) for n in numbers]


ALICE, BOB, CAROL, ROOT = keys(1, 2, 3, 4)
STRANGER = key(99)


def one_line(words):
    return " ".join(words.split())


@contextmanager
def reported(name):
    try:
        yield
    except Exception as error:
        failed.append(name)
        frames = traceback.extract_tb(error.__traceback__)
        line = [frame.lineno for frame in frames if Path(frame.filename).name == "scenario.py"][-1]
        print(f"not ok {name}: line {line}: {type(error).__name__}: {one_line(str(error))}")
    else:
        print(f"ok {name}")


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"{found} instead of {expected}")


@contextmanager
def raises(kind):
    try:
        yield
    except kind:
        pass
    else:
        raise AssertionError(f"no {kind.__name__}")


@contextmanager
def refused():
    try:
        yield
    except DBAPIError as error:
        equal(error.orig.sqlstate, "42501")
    else:
        raise AssertionError("not refused")


@event.listens_for(Engine, "before_cursor_execute")
def log(connection, cursor, statement, parameters, context, executemany):
    with query_log.open("a") as file:
        file.write(one_line(statement) + "\n")
