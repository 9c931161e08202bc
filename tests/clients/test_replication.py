"""Logical replication of a protected table: what the subscription applies is cleaned up after as well."""

import os
import time

import pytest
from conftest import connect, value


@pytest.fixture
def subscriber(database, db):
    """A database that subscribes to the documents of the test's own, and protects its copy of them."""
    if value(db, "SHOW wal_level") != "logical":
        pytest.skip("the server has not been started with wal_level=logical")
    name = f"{database}_sub"
    db.execute("CREATE PUBLICATION documents FOR TABLE documents")
    db.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [name])
    db.execute(f"CREATE DATABASE {name}")
    source = f"host={os.environ['PGHOST']} port={os.environ.get('PGPORT', 5432)} user={os.environ['PGUSER']} dbname={database}"
    try:
        with connect(name) as copy:
            copy.execute("CREATE EXTENSION rowgrant")
            copy.execute("CREATE TABLE documents (id bigint PRIMARY KEY, title text)")
            copy.execute("SELECT rowgrant.protect('documents')")
            # In one cluster the slot must be there before.
            copy.execute(
                f"CREATE SUBSCRIPTION {name} CONNECTION '{source}' PUBLICATION documents"
                f" WITH (create_slot = false, slot_name = '{name}')"
            )
            yield copy
            copy.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
            copy.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
            copy.execute(f"DROP SUBSCRIPTION {name}")
    finally:
        db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for _ in range(100):
            if not value(db, "SELECT active FROM pg_replication_slots WHERE slot_name = %s", [name]):
                break
            time.sleep(0.1)
        db.execute("SELECT pg_drop_replication_slot(%s)", [name])


def follow(copy, condition):
    for _ in range(500):
        if value(copy, f"SELECT {condition}"):
            return
        time.sleep(0.02)
    raise AssertionError(f"the subscriber never came to {condition}")


def test_what_a_subscription_applies_leaves_no_orphan(subscriber, db):
    copy = subscriber
    follow(copy, "(SELECT count(*) FROM documents) = 20")
    copy.execute("SELECT rowgrant.assign_perms(ARRAY[1], '{view}', 'documents', ARRAY(SELECT id FROM documents))")
    db.execute("DELETE FROM documents WHERE id <= 5")
    db.execute("UPDATE documents SET id = id + 100 WHERE id = 6")
    follow(copy, "EXISTS (SELECT FROM documents WHERE id = 106)")
    assert copy.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
    assert value(copy, "SELECT count(*) FROM rowgrant.grant_bigint") == 15
    assert value(copy, "SELECT rowgrant.has_perm(1, 'view', 'documents', 106)")
    # Deleted and created anew: the former grantee is refused.
    db.execute("DELETE FROM documents WHERE id = 7")
    db.execute("INSERT INTO documents VALUES (7, 'again')")
    follow(copy, "EXISTS (SELECT FROM documents WHERE title = 'again')")
    assert not value(copy, "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)")
    db.execute("TRUNCATE documents")
    follow(copy, "NOT EXISTS (SELECT FROM documents)")
    assert value(copy, "SELECT count(*) FROM rowgrant.grant_bigint") == 0
    assert copy.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []
