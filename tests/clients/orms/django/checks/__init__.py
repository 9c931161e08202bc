"""What the checks have in common: the users of the fixtures, and what is said where one fails."""

from contextlib import contextmanager

from django.db import ProgrammingError, transaction

from library.identity import as_user
from library.models import Document

ALICE, BOB, CAROL, ROOT, DAVE = range(1, 6)
STRANGER = 999

CHECKS = []


def check(function):
    """Checks are done in the order in which they stand."""
    CHECKS.append(function)
    return function


def expect(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


def expect_keys(rows, expected):
    expect([row.pk for row in rows], list(expected))


def expect_untouched(*keys):
    """The documents are called what the fixtures call them."""
    with as_user(ROOT):
        titles = Document.objects.filter(pk__in=keys).values_list("pk", "title")
        expect(dict(titles), {key: f"Document {key}" for key in keys})


@contextmanager
def trial(user_id):
    """A transaction of the user's that leaves nothing behind."""
    with as_user(user_id):
        yield
        transaction.set_rollback(True)


@contextmanager
def refused():
    """A savepoint in which the database raises insufficient_privilege."""
    try:
        with transaction.atomic():
            yield
    except ProgrammingError as error:
        expect(error.__cause__.sqlstate, "42501")
    else:
        raise AssertionError("it was not refused")
