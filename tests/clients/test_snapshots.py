"""What one session sees of its own changes and of another's."""

import threading
import time

import psycopg
import pytest

from conftest import connect, value

HAS = "SELECT rowgrant.has_perm(%s, %s, %s, %s)"
VIEW_7 = (42, "view", "documents", 7)
ASSIGN = "SELECT rowgrant.assign_perm(42, 'view', 'documents', 7)"
REMOVE = "SELECT rowgrant.remove_perm(42, 'view', 'documents', 7)"


@pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "force_custom_plan"])
def test_prepared_statements_follow_grants_and_revokes(db, other, mode):
    db.prepare_threshold = 0
    db.execute(f"SET plan_cache_mode = {mode}")
    listing = "SELECT id FROM documents d WHERE rowgrant.has_perm(%s, 'view', d) ORDER BY id"
    for _ in range(12):
        assert value(db, HAS, VIEW_7) is False
        assert db.execute(listing, (42,)).fetchall() == []
        other.execute(ASSIGN)
        assert value(db, HAS, VIEW_7) is True
        assert db.execute(listing, (42,)).fetchall() == [(7,)]
        other.execute(REMOVE)


def test_prepared_statements_follow_definitions(db, other):
    db.prepare_threshold = 0
    other.execute("SELECT rowgrant.define_perm('documents', 'editor')")
    other.execute("SELECT rowgrant.assign_perm(42, 'editor', 'documents', 7)")
    for _ in range(12):
        assert value(db, HAS, VIEW_7) is False
        other.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view}')")
        assert value(db, HAS, VIEW_7) is True
        other.execute("SELECT rowgrant.define_perm('documents', 'editor')")


def test_read_committed_sees_definitions_between_two_statements_of_one_transaction(db, other):
    other.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view}')")
    other.execute("SELECT rowgrant.assign_perm(42, 'editor', 'documents', 7)")
    with db.transaction():
        assert value(db, HAS, VIEW_7) is True
        other.execute("SELECT rowgrant.define_perm('documents', 'editor')")
        assert value(db, HAS, VIEW_7) is False


def test_repeatable_read_keeps_its_snapshot_of_grants_and_definitions(db, other):
    other.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view}')")
    other.execute("SELECT rowgrant.assign_perm(42, 'editor', 'documents', 7)")
    db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with db.transaction():
        assert value(db, HAS, VIEW_7) is True
        other.execute("SELECT rowgrant.define_perm('documents', 'editor')")
        other.execute("SELECT rowgrant.remove_perm(42, 'editor', 'documents', 7)")
        other.execute("SELECT rowgrant.define_perm('documents', 'later')")
        assert value(db, HAS, VIEW_7) is True
        with pytest.raises(psycopg.errors.UndefinedObject), db.transaction():
            value(db, HAS, (42, "later", "documents", 7))
    assert value(db, HAS, VIEW_7) is False
    assert value(db, HAS, (42, "later", "documents", 7)) is False


def test_a_rolled_back_savepoint_takes_its_grant_with_it(db):
    with db.transaction():
        with db.transaction() as inner:
            db.execute(ASSIGN)
            assert value(db, HAS, VIEW_7) is True
            raise psycopg.Rollback(inner)
        assert value(db, HAS, VIEW_7) is False


def test_plpgsql_sees_its_own_grants_in_simple_expressions(db):
    db.execute("""DO $$
        DECLARE held boolean;
        BEGIN
            FOR i IN 1..20 LOOP
                PERFORM rowgrant.assign_perm(42, 'view', 'documents', 7);
                held := rowgrant.has_perm(42, 'view', 'documents', 7);
                IF NOT held THEN RAISE 'not seen: %', i; END IF;
                BEGIN
                    PERFORM rowgrant.remove_perm(42, 'view', 'documents', 7);
                    held := rowgrant.has_perm(42, 'view', 'documents', 7);
                    IF held THEN RAISE 'still seen: %', i; END IF;
                    RAISE division_by_zero;
                EXCEPTION WHEN division_by_zero THEN NULL;
                END;
                held := rowgrant.has_perm(42, 'view', 'documents', 7);
                IF NOT held THEN RAISE 'not seen again: %', i; END IF;
                PERFORM rowgrant.remove_perm(42, 'view', 'documents', 7);
            END LOOP;
        END $$""")


def test_plpgsql_follows_a_user_who_gains_a_group(db):
    db.execute("CREATE TABLE members (u integer, g integer, PRIMARY KEY (u, g))")
    db.execute("SELECT rowgrant.register_membership('members', 'u', 'g')")
    db.execute("SELECT rowgrant.assign_group_perm(1, 'view', 'documents', 7)")
    db.execute("""DO $$
        DECLARE held boolean;
        BEGIN
            FOR i IN 1..5 LOOP
                held := rowgrant.has_perm(42, 'view', 'documents', 7);
                IF held THEN RAISE 'too early'; END IF;
                INSERT INTO members VALUES (42, 1);
                held := rowgrant.has_perm(42, 'view', 'documents', 7);
                IF NOT held THEN RAISE 'too late'; END IF;
                DELETE FROM members;
            END LOOP;
        END $$""")


def test_a_cursor_goes_on_as_it_began(db, other):
    for key in range(1, 21):
        other.execute("SELECT rowgrant.assign_perm(42, 'view', 'documents', %s)", (key,))
    with db.transaction():
        cursor = db.cursor(name="held")
        cursor.execute("SELECT id FROM documents d WHERE rowgrant.has_perm(42, 'view', d) ORDER BY id")
        assert len(cursor.fetchmany(5)) == 5
        other.execute("SELECT rowgrant.remove_perms(ARRAY[42], '{view}', 'documents', array(SELECT id FROM documents))")
        assert len(cursor.fetchall()) == 15
        assert value(db, HAS, VIEW_7) is False


@pytest.mark.parametrize("fetched", [0, 5])
def test_a_cursor_with_hold_keeps_the_user_that_it_was_opened_for(db, other, fetched):
    db.execute("SELECT rowgrant.assign_perms(ARRAY[42], '{view}', 'documents', ARRAY(SELECT generate_series(1, 10)))")
    db.execute("SELECT rowgrant.assign_perm(43, 'view', 'documents', 20)")
    with db.transaction():
        db.execute("SELECT rowgrant.set_user(42)")
        db.execute("DECLARE held CURSOR WITH HOLD FOR SELECT id FROM documents d WHERE rowgrant.can('view', d) ORDER BY id")
        rows = db.execute(f"FETCH {fetched} FROM held").fetchall()
        other.execute("SELECT rowgrant.remove_perms(ARRAY[42], '{view}', 'documents', ARRAY(SELECT generate_series(1, 10)))")
    assert value(db, "SELECT rowgrant.current_user_id()") is None
    with db.transaction():
        # The next transaction's user changes nothing about it.
        db.execute("SELECT rowgrant.set_user(43)")
        assert rows + db.execute("FETCH ALL FROM held").fetchall() == [(i,) for i in range(1, 11)]
        assert db.execute("SELECT id FROM documents d WHERE rowgrant.can('view', d)").fetchall() == [(20,)]
    db.execute("CLOSE held")


def waits_for_a_row(db, pid):
    for _ in range(500):
        if value(db, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", (pid,)):
            return
        time.sleep(0.02)
    pytest.fail("the statement did not wait for the row")


@pytest.mark.parametrize("asked", [
    "rowgrant.has_perm(42, 'view', d)", "rowgrant.has_perm(42, 'view', 'documents', d.id)",
    "rowgrant.can('view', d)", "rowgrant.can('view', 'documents', d.id)",
    "d.id IN (SELECT rowgrant.objects_for_user(42, 'view', 'documents', NULL::bigint))",
])
@pytest.mark.parametrize("concurrently, updated", [
    ("UPDATE documents SET title = 'first' WHERE id = 7", [7, 8]),
    # Its new version is judged by the statement's snapshot, in which no grant is on the new key.
    ("UPDATE documents SET id = 107 WHERE id = 7", [8]),
    ("DELETE FROM documents WHERE id = 7", [8]),
])
def test_an_update_that_waited_for_a_row_decides_by_its_own_snapshot(database, db, other, asked, concurrently, updated):
    db.execute("SELECT rowgrant.assign_perms(ARRAY[42], '{view}', 'documents', ARRAY[7, 8])")
    db.execute("BEGIN")
    db.execute(concurrently)
    outcome = []
    with connect(database) as waiting:

        def update():
            with waiting.transaction():
                waiting.execute("SELECT rowgrant.set_user(42)")
                outcome.extend(waiting.execute(f"UPDATE documents d SET title = 'second' WHERE {asked} RETURNING id").fetchall())

        updating = threading.Thread(target=update)
        updating.start()
        try:
            waits_for_a_row(other, waiting.info.backend_pid)
            other.execute("SELECT rowgrant.remove_perm(42, 'view', 'documents', 8)")
            if concurrently.startswith("UPDATE documents SET title"):
                other.execute(REMOVE)
            other.execute("SELECT rowgrant.assign_perm(42, 'view', 'documents', 9)")
        finally:
            db.execute("COMMIT")
            updating.join()
        assert sorted(outcome) == [(key,) for key in updated]
        # The next statement sees what was revoked and granted.
        with waiting.transaction():
            waiting.execute("SELECT rowgrant.set_user(42)")
            held = [(107,)] if "107" in concurrently else []
            assert waiting.execute(f"SELECT id FROM documents d WHERE {asked} ORDER BY id").fetchall() == [(9,), *held]


def test_parallel_workers_answer_as_the_leader(db):
    db.execute("INSERT INTO documents SELECT i FROM generate_series(21, 20000) i")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[42], '{view}', 'documents', array(SELECT id FROM documents WHERE id % 2 = 0))")
    count = "SELECT count(*) FROM documents d WHERE rowgrant.has_perm(42, 'view', 'documents', d.id)"
    for setting in ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0",
                    "max_parallel_workers_per_gather = 4"):
        db.execute(f"SET {setting}")
    with db.transaction():
        db.execute("SELECT rowgrant.assign_perm(42, 'view', 'documents', 7)")
        plan = "\n".join(row[0] for row in db.execute(f"EXPLAIN (ANALYZE) {count}"))
        assert "Workers Launched" in plan
        assert value(db, count) == 10001


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_delete_that_waited_for_a_grant_cleans_it(db, other, level):
    """The grant is committed while the delete waits for the row, at every isolation level."""
    granting = other
    db.execute("SET default_transaction_isolation = %s" % f"'{level}'")
    db.execute("BEGIN")
    db.execute("SELECT 1")
    granting.execute("BEGIN")
    granting.execute("SELECT rowgrant.assign_perm(42, 'view', 'documents', 7)")
    failed = []

    def delete():
        try:
            db.execute("DELETE FROM documents WHERE id = 7")
            db.execute("COMMIT")
        except psycopg.errors.SerializationFailure as error:
            failed.append(error)
            db.execute("ROLLBACK")

    deleting = threading.Thread(target=delete)
    deleting.start()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    for _ in range(200):
        if value(granting, waits, (db.info.backend_pid,)):
            break
        time.sleep(0.02)
    else:
        pytest.fail("the delete did not wait for the grant")
    granting.execute("COMMIT")
    deleting.join()
    there = value(granting, "SELECT count(*) FROM documents WHERE id = 7")
    grants = value(granting, "SELECT count(*) FROM rowgrant.grant_bigint")
    assert there == grants == len(failed)


def test_a_grant_waits_for_a_delete_and_finds_no_row(db, other):
    db.execute("BEGIN")
    db.execute("DELETE FROM documents WHERE id = 7")
    outcome = []

    def grant():
        try:
            other.execute(ASSIGN)
        except psycopg.errors.ForeignKeyViolation as error:
            outcome.append(error)

    granting = threading.Thread(target=grant)
    granting.start()
    time.sleep(0.2)
    db.execute("COMMIT")
    granting.join()
    assert len(outcome) == 1
    assert value(db, "SELECT count(*) FROM rowgrant.grant_bigint") == 0


def test_two_sessions_grant_the_same(db, other):
    db.execute("BEGIN")
    db.execute(ASSIGN)
    answers = []
    granting = threading.Thread(target=lambda: answers.append(value(other, ASSIGN)))
    granting.start()
    time.sleep(0.2)
    db.execute("COMMIT")
    granting.join()
    assert answers == [False]


@pytest.mark.parametrize("asked", ["rowgrant.has_perm(1, 'change', d)", "rowgrant.has_perm(1, 'change', 'owned', d.id)",
                                   "rowgrant.can('change', d)"])
@pytest.mark.parametrize("seqscan", ["on", "off"])
def test_an_update_that_waited_does_not_change_a_row_that_was_given_away(database, db, other, asked, seqscan):
    db.execute("CREATE TABLE owned (id integer PRIMARY KEY, owner integer, body text)")
    db.execute("INSERT INTO owned SELECT i, i % 5000, 'b' FROM generate_series(1, 20000) i")
    db.execute("CREATE INDEX ON owned (owner)")
    db.execute("SELECT rowgrant.protect('owned', owner_column => 'owner')")
    db.execute("ANALYZE owned")
    outcome = []
    with connect(database) as waiting:
        waiting.execute(f"SET enable_seqscan = {seqscan}")

        def update():
            with waiting.transaction():
                waiting.execute("SELECT rowgrant.set_user(1)")
                outcome.extend(waiting.execute(f"UPDATE owned d SET body = 'by 1' WHERE {asked} RETURNING id, owner").fetchall())

        db.execute("BEGIN")
        db.execute("UPDATE owned SET owner = 2 WHERE id = 5001")
        updating = threading.Thread(target=update)
        updating.start()
        try:
            waits_for_a_row(other, waiting.info.backend_pid)
        finally:
            db.execute("COMMIT")
            updating.join()
    # Asked by key, the statement's own snapshot decides; asked by row, the row as it is.
    if "'owned'" not in asked:
        assert sorted(outcome) == [(1, 1), (10001, 1), (15001, 1)]
