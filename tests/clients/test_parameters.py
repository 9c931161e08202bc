"""Calls as a driver sends them: parameters of every type, typed or not."""

import datetime
import decimal
import ipaddress
import uuid

import psycopg
import pytest

from conftest import value

HAS = "SELECT rowgrant.has_perm(%s, %s, %s, %s)"


@pytest.mark.parametrize("user", [42, "42", decimal.Decimal("42"), decimal.Decimal("42.0")])
@pytest.mark.parametrize("key", [7, "7", decimal.Decimal(7), 7.0])
def test_ids_and_keys_of_any_parameter_type(db, user, key):
    assert value(db, "SELECT rowgrant.assign_perm(%s, %s, %s, %s)", (user, "view", "documents", key))
    assert value(db, HAS, (42, "view", "documents", 7))
    assert value(db, HAS, ("42", "view", "documents", "7"))
    assert not value(db, HAS, (user, "change", "documents", key))
    assert value(db, "SELECT rowgrant.remove_perm(%s, %s, %s, %s)", (user, "view", "documents", key))


def test_null_parameters_are_refused(db):
    assert value(db, HAS, (None, "view", "documents", 1)) is False
    assert value(db, HAS, (42, None, "documents", 1)) is False
    assert value(db, HAS, (42, "view", None, 1)) is False
    assert value(db, HAS, (42, "view", "documents", None)) is False


def test_binary_parameters_and_results(db):
    db.execute("SELECT rowgrant.assign_perm(%b, %b, %b, %b)", (42, "view", "documents", 7), binary=True)
    assert value(db, "SELECT rowgrant.has_perm(%b, %b, %b, %b)", (42, "view", "documents", 7), binary=True)
    rows = db.execute("SELECT rowgrant.objects_for_user(%b, %b, %b, NULL::bigint)", (42, "view", "documents"), binary=True)
    assert rows.fetchall() == [(7,)]


@pytest.mark.parametrize("key_type, key", [
    ("uuid", uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
    ("inet", ipaddress.ip_address("10.0.0.1")),
    ("date", datetime.date(2024, 2, 3)),
    ("timestamptz", datetime.datetime(2024, 2, 3, 10, tzinfo=datetime.timezone.utc)),
    ("numeric", decimal.Decimal("7.50")),
    ("bytea", b"\x00\xff"),
    ("text", "it's a \"key\"\n\\"),
])
def test_typed_keys_and_typed_users(db, key_type, key):
    db.execute(f"CREATE TABLE things (id {key_type} PRIMARY KEY)")
    db.execute("INSERT INTO things VALUES (%s)", (key,))
    db.execute("SELECT rowgrant.protect('things')")
    user = uuid.uuid4()
    assert value(db, "SELECT rowgrant.assign_perm(%s, 'view', 'things', %s)", (user, key))
    assert value(db, HAS, (user, "view", "things", key))
    assert value(db, HAS, (str(user).upper(), "view", "things", key))
    listed = value(db, f"SELECT rowgrant.objects_for_user(%s, 'view', 'things', NULL::{key_type})", (user,))
    assert listed == key
    assert value(db, "SELECT count(*) FROM rowgrant.objects_for_user(%s, 'view', NULL::things)", (user,)) == 1


def test_arrays(db):
    bulk = "SELECT rowgrant.assign_perms(%s, %s, 'documents', %s)"
    assert value(db, bulk, ([1, 2], ["view", "change"], [1, 2, 3])) == 12
    assert value(db, bulk, (["1", "3"], ["view"], ["1", "2"])) == 2
    assert value(db, "SELECT rowgrant.remove_perms(%s, %s, 'documents', %s)", ([1, 2, 3], ["view"], [1, 2, 3])) == 8


def test_errors_carry_their_sqlstate(db):
    for error, parameters in [
        (psycopg.errors.UndefinedObject, (1, "view", "nothing", 1)),
        (psycopg.errors.UndefinedObject, (1, "veiw", "documents", 1)),
        (psycopg.errors.InvalidTextRepresentation, (1, "view", "documents", "x")),
    ]:
        with pytest.raises(error) as raised:
            db.execute(HAS, parameters)
        assert raised.value.diag.message_hint
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 99)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("SELECT rowgrant.require_perm(1, 'view', 'documents', 1)")
