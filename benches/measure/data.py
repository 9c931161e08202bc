"""Databases with the data set, one for each size, built where they are not there yet."""

import contextlib
import pathlib
import subprocess

import psycopg

from .results import say
from .session import Session

HERE = pathlib.Path(__file__).parent


def psql(name, size, file):
    command = ["psql", "-XqAt", "-d", name, "-v", "ON_ERROR_STOP=1", "-v", f"size={size}", "-f", HERE / file]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def exists(query, database="postgres"):
    with psycopg.connect(dbname=database, autocommit=True) as connection:
        return connection.execute(query).fetchone()[0]


def connect(size):
    return Session(psycopg.connect(dbname=name_of(size), autocommit=True), size)


def name_of(size):
    return f"bench_{size}"


def build(size):
    name = name_of(size)
    if exists(f"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{name}')"):
        return
    say(f"building the data set of {size} documents")
    subprocess.run(["createdb", name], check=True)
    for file in ("application.sql", "rowgrant.sql", "checks.sql"):
        psql(name, size, file)
    vacuum(name)
    psql(name, size, "room.sql")


def add_guardian(size):
    name = name_of(size)
    if not exists("SELECT to_regclass('auth_user') IS NOT NULL", name):
        say("the same grants in guardian's tables")
        psql(name, size, "guardian.sql")
        vacuum(name)


def vacuum(name):
    with psycopg.connect(dbname=name, autocommit=True) as connection:
        # VACUUM takes no page for visible to all while the commit of a row on it has not been written out.
        connection.execute("SET synchronous_commit = on")
        connection.execute("SELECT pg_current_xact_id()")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextlib.contextmanager
def database(size, guardian=False):
    build(size)
    if guardian:
        add_guardian(size)
    with connect(size) as db:
        yield db
