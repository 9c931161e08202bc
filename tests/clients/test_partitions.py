"""Partitions that are detached concurrently, in two transactions of which the second may never come,
and attached again: their rows' grants go with them and come to no other row."""

import threading
import time

import psycopg
import pytest
from conftest import connect, value

DETACH = "ALTER TABLE events DETACH PARTITION events_south CONCURRENTLY"
FINALIZE = "ALTER TABLE events DETACH PARTITION events_south FINALIZE"
ATTACH = "ALTER TABLE events ATTACH PARTITION events_south FOR VALUES IN ('south')"
GRANTS = "SELECT object FROM rowgrant.grant_text ORDER BY 1"
NORTH = [("(1,north)",), ("(2,north)",)]
SOUTH = [("(1,south)",), ("(2,south)",)]
HELD = "SELECT ROW(id, region)::text FROM {} e WHERE rowgrant.has_perm(1, 'view', 'events', ROW(id, region)) ORDER BY 1"


@pytest.fixture
def events(db):
    """A protected table of two partitions, with grants on rows of both."""
    db.execute("SET lock_timeout = '10s'")
    db.execute("CREATE TABLE events (id integer, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region)")
    for region in ("north", "south"):
        db.execute(f"CREATE TABLE events_{region} PARTITION OF events FOR VALUES IN ('{region}')")
    db.execute("INSERT INTO events SELECT i, r FROM generate_series(1, 2) i, unnest('{north,south}'::text[]) r")
    db.execute("SELECT rowgrant.protect('events')")
    db.execute("SELECT rowgrant.assign_perm(1, 'view', e) FROM events e")
    assert db.execute(GRANTS).fetchall() == sorted(NORTH + SOUTH)


@pytest.fixture
def people(db):
    """Users of two partitions, with a grant for one of each."""
    db.execute("CREATE TABLE people (id integer PRIMARY KEY) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE people_low PARTITION OF people FOR VALUES FROM (0) TO (10)")
    db.execute("CREATE TABLE people_high PARTITION OF people FOR VALUES FROM (10) TO (20)")
    db.execute("INSERT INTO people VALUES (1), (11)")
    db.execute("SELECT rowgrant.register_users('people')")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 11], '{view}', 'documents', ARRAY[7])")


def assert_forgotten(db):
    """Nothing is left of the rows that were detached, and nothing that happens to them matters."""
    assert db.execute(GRANTS).fetchall() == NORTH
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
    assert value(db, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'events_south'::regclass") == 0
    assert not value(db, "SELECT rowgrant.has_perm(1, 'view', 'events', '(1,south)')")
    # Other rows with their keys.
    db.execute("CREATE TABLE events_new PARTITION OF events FOR VALUES IN ('south')")
    db.execute("INSERT INTO events VALUES (1, 'south'), (2, 'south')")
    assert db.execute(HELD.format("events")).fetchall() == NORTH
    db.execute("SELECT rowgrant.assign_perm(1, 'view', e) FROM events_new e")
    db.execute("DELETE FROM events_south WHERE id = 1")
    db.execute("UPDATE events_south SET id = 3")
    assert db.execute(GRANTS).fetchall() == sorted(NORTH + SOUTH)
    db.execute("TRUNCATE events_south")
    assert db.execute(GRANTS).fetchall() == sorted(NORTH + SOUTH)
    db.execute("DROP TABLE events_new")
    assert db.execute(GRANTS).fetchall() == NORTH


def assert_starts_anew(db):
    """Attached again, its rows have nothing, and their grants are kept as all others."""
    db.execute("INSERT INTO events_south VALUES (1, 'south'), (2, 'south'), (4, 'south')")
    db.execute(ATTACH)
    assert db.execute(HELD.format("events")).fetchall() == NORTH
    db.execute("SELECT rowgrant.assign_perm(1, 'view', e) FROM events e")
    db.execute("UPDATE events SET id = 5 WHERE id = 4")
    db.execute("UPDATE events SET region = 'north' WHERE id = 5")
    db.execute("DELETE FROM events WHERE id = 1")
    assert db.execute(HELD.format("events")).fetchall() == [("(2,north)",), ("(2,south)",), ("(5,north)",)]
    db.execute("TRUNCATE events_south")
    assert db.execute(GRANTS).fetchall() == [("(2,north)",), ("(5,north)",)]
    assert db.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []


def test_what_is_detached_concurrently_loses_its_grants(db, events):
    db.execute(DETACH)
    assert_forgotten(db)
    assert_starts_anew(db)


class Detaching:
    """DETACH ... CONCURRENTLY in a session of its own."""

    def __init__(self, database):
        self.session = connect(database)
        self.error = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            self.session.execute(DETACH)
        except psycopg.Error as error:
            self.error = error

    def wait_until_pending(self, db):
        for _ in range(500):
            if value(db, "SELECT bool_or(inhdetachpending) FROM pg_inherits WHERE inhparent = 'events'::regclass"):
                return
            time.sleep(0.02)
        pytest.fail("the first transaction did not end")

    def join(self):
        self.thread.join()
        self.session.close()


@pytest.fixture
def pending(database, db, other, events):
    """A detach that another session's transaction makes wait: between its own two transactions."""
    other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    assert value(other, "SELECT count(*) FROM events") == 4
    detaching = Detaching(database)
    try:
        detaching.wait_until_pending(db)
        yield detaching
    finally:
        other.rollback()
        detaching.join()


@pytest.fixture
def interrupted(db, other, pending):
    """A detach that was cancelled while it waited."""
    pending.session.cancel()
    pending.thread.join()
    assert isinstance(pending.error, psycopg.errors.QueryCanceled)
    other.rollback()


def assert_out_of_reach(db):
    """The rows cannot be seen in the table any more: no query finds them, and nothing more is granted."""
    visible = "SELECT ROW(id, region)::text FROM rowgrant.objects_for_user(1, 'view', NULL::events) ORDER BY 1"
    assert db.execute(visible).fetchall() == NORTH
    assert db.execute(HELD.format("events")).fetchall() == NORTH
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db.execute("SELECT rowgrant.assign_perm(2, 'view', 'events', '(1,south)')")
    # Their key is kept for them, so no other row can come to what is granted on it.
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("INSERT INTO events VALUES (1, 'south')")


def test_rows_of_a_partition_that_waits_to_be_detached_are_out_of_reach(db, other, pending):
    assert_out_of_reach(db)
    # The transaction that it waits for goes on seeing them.
    assert other.execute(HELD.format("events")).fetchall() == sorted(NORTH + SOUTH)
    db.execute("DELETE FROM events_south WHERE id = 2")
    other.rollback()
    pending.thread.join()
    assert pending.error is None
    assert_forgotten(db)
    assert_starts_anew(db)


def test_an_interrupted_detach_leaves_orphans_that_are_named(db, interrupted):
    assert_out_of_reach(db)
    with pytest.raises(psycopg.errors.InvalidObjectDefinition):
        db.execute("CREATE TABLE events_new PARTITION OF events FOR VALUES IN ('south')")
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == [("events", "(1,south)", 1), ("events", "(2,south)", 1)]
    # Its triggers are there until the end.
    db.execute("DELETE FROM events_south WHERE id = 1")
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == [("events", "(2,south)", 1)]
    db.execute(FINALIZE)
    assert_forgotten(db)
    assert_starts_anew(db)


def test_orphans_of_an_interrupted_detach_can_be_cleaned_before_its_end(db, interrupted):
    assert value(db, "SELECT rowgrant.clean_orphans()") == 2
    assert db.execute(GRANTS).fetchall() == NORTH
    db.execute(FINALIZE)
    assert_forgotten(db)


@pytest.mark.parametrize("statement", ["TRUNCATE events_south", "DROP TABLE events_south", "DELETE FROM events_south"])
def test_what_empties_a_partition_whose_detach_was_interrupted_cleans(db, interrupted, statement):
    db.execute(statement)
    assert db.execute(GRANTS).fetchall() == NORTH


def test_what_an_older_snapshot_still_shows_of_a_detached_partition_is_not_remembered(db, other, people):
    db.execute("SET lock_timeout = 200")
    other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with other.transaction():
        assert value(other, "SELECT count(*) FROM people") == 2
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("ALTER TABLE people DETACH PARTITION people_high CONCURRENTLY")
        assert value(other, "SELECT count(*) FROM people") == 2
        assert value(other, "SELECT rowgrant.has_perm(11, 'view', 'documents', 7)")
    assert value(other, "SELECT count(*) FROM people") == 1
    assert not value(other, "SELECT rowgrant.has_perm(11, 'view', 'documents', 7)")
    assert value(other, "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)")
    db.execute("ALTER TABLE people DETACH PARTITION people_high FINALIZE")


def test_an_interrupted_detach_of_users_is_finished_with_their_grants(database, db, other, people):
    with other.transaction():
        other.execute("SELECT FROM people")
        db.execute("SET lock_timeout = 200")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute("ALTER TABLE people DETACH PARTITION people_high CONCURRENTLY")
        assert not value(db, "SELECT rowgrant.has_perm(11, 'view', 'documents', 7)")
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == [("documents", "7", 1)]
    db.execute("ALTER TABLE people DETACH PARTITION people_high FINALIZE")
    assert db.execute("SELECT rowgrant.users_with_perm('view', 'documents', 7)").fetchall() == [("1",)]
    assert value(db, "SELECT count(*) FROM rowgrant.subject WHERE kind = 'u'") == 1
    db.execute("ALTER TABLE people ATTACH PARTITION people_high FOR VALUES FROM (10) TO (20)")
    assert not value(db, "SELECT rowgrant.has_perm(11, 'view', 'documents', 7)")
