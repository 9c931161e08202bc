"""Logical replication of a protected table: what the subscription applies is cleaned up after as well.
Of rowgrant's own tables too: a subscriber on which the publisher alone cleans answers as the publisher."""

import contextlib
import os
import subprocess
import time

import psycopg
import pytest
from conftest import connect, value
from test_dump import answers, stored

USERS = ["1", "2", "3", "4", "5", "6", "50"]
OWN = ["object_type", "permission", "implication", "subject_source", "membership_source", "subject WHERE (id > 100)",
       "membership", "subgroup", "model_grant", "grant_bigint", "grant_uuid", "grant_text"]


@contextlib.contextmanager
def subscription(database, publisher, publication):
    """A database that subscribes to `FOR` that; its tables are to be made before the body goes on."""
    if value(publisher, "SHOW wal_level") != "logical":
        pytest.skip("the server has not been started with wal_level=logical")
    name = f"{database}_sub"
    publisher.execute(f"CREATE PUBLICATION published FOR {publication}")
    publisher.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [name])
    publisher.execute(f"CREATE DATABASE {name}")
    source = f"host={os.environ['PGHOST']} port={os.environ.get('PGPORT', 5432)} user={os.environ['PGUSER']} dbname={database}"
    try:
        with connect(name) as copy:
            try:
                # In one cluster the slot must be there before.
                yield copy, lambda: copy.execute(
                    f"CREATE SUBSCRIPTION {name} CONNECTION '{source}' PUBLICATION published"
                    f" WITH (create_slot = false, slot_name = '{name}')"
                )
            finally:
                if value(copy, "SELECT EXISTS (SELECT FROM pg_subscription WHERE subname = %s)", [name]):
                    copy.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
                    copy.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
                    copy.execute(f"DROP SUBSCRIPTION {name}")
    finally:
        publisher.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for _ in range(100):
            if not value(publisher, "SELECT active FROM pg_replication_slots WHERE slot_name = %s", [name]):
                break
            time.sleep(0.1)
        publisher.execute("SELECT pg_drop_replication_slot(%s)", [name])


@pytest.fixture
def subscriber(database, db):
    """A database that subscribes to the documents of the test's own, and protects its copy of them."""
    with subscription(database, db, "TABLE documents") as (copy, subscribe):
        copy.execute("CREATE EXTENSION rowgrant")
        copy.execute("CREATE TABLE documents (id bigint PRIMARY KEY, title text)")
        copy.execute("SELECT rowgrant.protect('documents')")
        subscribe()
        yield copy


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


def caught_up(db, copy):
    """Waits until the subscriber has applied all that the publisher has done."""
    done = value(db, "SELECT pg_current_wal_lsn()")
    for _ in range(500):
        if value(copy, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") == 0 and value(
            db, "SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots WHERE slot_name = %s", [done, copy.info.dbname]
        ):
            return
        time.sleep(0.02)
    raise AssertionError("the subscriber never caught up")


# All triggers of rowgrant that fire in a subscription are to fire no more: the publisher cleans.
LET_THE_PUBLISHER_CLEAN = """
    DO $$
    DECLARE t record;
    BEGIN
        FOR t IN SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger
                 WHERE tgfoid IN ('rowgrant.object_changed'::regproc, 'rowgrant.subject_changed'::regproc) LOOP
            EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', t.relation, t.tgname);
        END LOOP;
    END $$"""


@pytest.fixture
def twin(database, db):
    """A subscriber that has the application's tables and rowgrant's from the publisher."""
    db.execute("""
        CREATE TABLE users (id integer PRIMARY KEY, active boolean);
        CREATE TABLE groups (id text PRIMARY KEY);
        CREATE TABLE members (u integer REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
                              g text REFERENCES groups ON UPDATE CASCADE ON DELETE CASCADE, PRIMARY KEY (u, g));
        CREATE TABLE events (id integer, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
        CREATE TABLE events_north PARTITION OF events FOR VALUES IN ('north');
        CREATE TABLE events_south PARTITION OF events FOR VALUES IN ('south');
        INSERT INTO users SELECT i, true FROM generate_series(1, 6) i;
        INSERT INTO groups VALUES ('staff'), ('company');
        INSERT INTO members VALUES (2, 'staff');
        INSERT INTO events SELECT i, 'north' FROM generate_series(1, 4) i
    """)
    db.execute("SELECT rowgrant.register_users('users', 'active'), rowgrant.register_groups('groups'),"
               " rowgrant.register_membership('members', 'u', 'g'), rowgrant.protect('events')")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 3], '{view}', 'documents', ARRAY(SELECT id FROM documents))")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 4], '{view}', 'events', ARRAY(SELECT e::text FROM events e))")
    tables = ["documents", "users", "groups", "members", "events", *(f"rowgrant.{table}" for table in OWN)]
    with subscription(database, db, f"TABLE {', '.join(tables)}") as (copy, subscribe):
        schema = subprocess.run(["pg_dump", "-d", database, "--schema-only", "--no-publications"], env=os.environ,
                                check=True, capture_output=True).stdout
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", copy.info.dbname], env=os.environ, check=True,
                       input=schema, stdout=subprocess.DEVNULL)
        copy.execute(LET_THE_PUBLISHER_CLEAN)
        subscribe()
        caught_up(db, copy)
        yield copy


CHANGES = [
    "SELECT rowgrant.assign_perm(5, 'view', 'documents', 9), rowgrant.assign_group_perm('company', 'change', 'documents', 3)",
    "SELECT rowgrant.add_subgroup('company', 'staff'), rowgrant.add_member('company', 6)",
    "SELECT rowgrant.assign_perm(2, 'delete', 'documents'), rowgrant.assign_perm(2, 'add', 'documents', 4, '2100-01-01')",
    "SELECT rowgrant.define_perm('documents', 'editor', '{view,change}')",
    "SELECT rowgrant.assign_perm(6, 'editor', 'documents', 5)",
    "DELETE FROM documents WHERE id <= 2",
    # Each row comes to the key that another has just left, with the same grants.
    "UPDATE documents SET id = id - 1",
    "UPDATE documents SET id = id + 100 WHERE id > 10",
    "WITH gone AS (DELETE FROM documents WHERE id = 6 RETURNING id) SELECT FROM gone",
    "INSERT INTO documents VALUES (6, 'again')",
    "UPDATE events SET region = 'south' WHERE id < 3",
    "DELETE FROM events WHERE id IN (2, 3)",
    "UPDATE users SET id = 50 WHERE id = 5",
    "UPDATE groups SET id = 'firm' WHERE id = 'company'",
    "DELETE FROM users WHERE id = 3",
    "DELETE FROM groups WHERE id = 'staff'",
    "SELECT rowgrant.drop_perm('documents', 'editor', true)",
    "SELECT rowgrant.remove_perm(50, 'view', 'documents', 8)",
    "TRUNCATE events_south",
    "TRUNCATE events",
    "TRUNCATE documents",
    "TRUNCATE users CASCADE",
]


def test_a_subscriber_with_rowgrants_tables_answers_as_the_publisher(twin, database, db):
    for change in [None, *CHANGES]:
        if change:
            db.execute(change)
        caught_up(db, twin)
        with connect(twin.info.dbname) as copy:
            assert stored(copy) == stored(db), change
            assert answers(copy, USERS) == answers(db, USERS), change
            assert copy.execute("SELECT * FROM rowgrant.orphans()").fetchall() == [], change
            assert copy.execute("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'").fetchall() == [], change
    assert value(twin, "SELECT count(*) FROM rowgrant.subject WHERE kind = 'u'") == 0


def test_a_subscriber_with_rowgrants_tables_takes_over(twin, database, db):
    db.execute("SELECT rowgrant.assign_perm(5, 'view', 'documents', 9)")
    caught_up(db, twin)
    twin.execute(f"ALTER SUBSCRIPTION {twin.info.dbname} DISABLE")
    # PostgreSQL replicates no sequences.
    for sequence, table in [("object_type_id", "object_type"), ("permission_id", "permission"), ("subject_id", "subject")]:
        twin.execute(f"SELECT setval('rowgrant.{sequence}', (SELECT max(id) FROM rowgrant.{table}))")
    assert value(twin, "SELECT rowgrant.assign_perm(6, 'view', 'documents', 9)")
    twin.execute("UPDATE documents SET id = 90 WHERE id = 9")
    assert value(twin, "SELECT rowgrant.has_perm(5, 'view', 'documents', 90) AND rowgrant.has_perm(6, 'view', 'documents', 90)")
    twin.execute("DELETE FROM documents")
    assert value(twin, "SELECT count(*) FROM rowgrant.grant_bigint") == 0
    assert twin.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []


def test_a_session_of_a_subscriber_follows_the_publishers_definitions(twin, db):
    db.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view}')")
    db.execute("SELECT rowgrant.assign_perm(6, 'editor', 'documents', 5)")
    caught_up(db, twin)
    with connect(twin.info.dbname) as session:
        assert value(session, "SELECT rowgrant.has_perm(6, 'view', 'documents', 5)") is True
        db.execute("SELECT rowgrant.define_perm('documents', 'editor')")
        caught_up(db, twin)
        assert value(session, "SELECT rowgrant.has_perm(6, 'view', 'documents', 5)") is False


def test_names_change_while_all_tables_are_published(database, db):
    with subscription(database, db, "ALL TABLES"):
        db.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view}')")
        assert value(db, "SELECT rowgrant.assign_perm(1, 'editor', 'documents', 7)")


def test_keys_that_are_swapped_take_their_grants_along_on_a_subscriber(database, db):
    table = "CREATE TABLE swapped (id integer, title text, PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED)"
    db.execute(table)
    db.execute("ALTER TABLE swapped REPLICA IDENTITY FULL")
    db.execute("INSERT INTO swapped VALUES (1, 'one'), (2, 'two')")
    with subscription(database, db, "TABLE swapped") as (copy, subscribe):
        copy.execute("CREATE EXTENSION rowgrant")
        copy.execute(table)
        copy.execute("SELECT rowgrant.protect('swapped')")
        subscribe()
        caught_up(db, copy)
        copy.execute("SELECT rowgrant.assign_perm(1, 'view', s), rowgrant.assign_perm(2, 'change', s) FROM swapped s WHERE id = 1")
        copy.execute("SELECT rowgrant.assign_perm(3, 'view', s) FROM swapped s WHERE id = 2")
        db.execute("UPDATE swapped SET id = 3 - id")
        caught_up(db, copy)
        assert copy.execute("SELECT * FROM swapped ORDER BY id").fetchall() == [(1, "two"), (2, "one")]
        held = copy.execute("SELECT u, title FROM swapped s, generate_series(1, 3) u WHERE rowgrant.has_perm(u, 'view', s)")
        assert set(held) <= {(1, "one"), (3, "two")}
