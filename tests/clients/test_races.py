"""Two sessions at once, in a fixed order: one acts and holds, the other waits for it or is refused.

Afterwards no grant is left of what is gone, and no two statements of rowgrant's have waited for each
other: at worst one of them is told to try again.
"""

import threading
import time

import psycopg
import pytest
from conftest import value

LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
RETRY = "40001"


class Step:
    """A statement that runs in a thread of its own, as it may have to wait."""

    def __init__(self, connection, sql):
        self.connection, self.sql, self.state, self.answer = connection, sql, None, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            cursor = self.connection.execute(self.sql)
            self.answer = cursor.fetchone()[0] if cursor.description else None
            self.state = "done"
        except psycopg.Error as error:
            self.state = error.sqlstate

    def is_waiting(self, db):
        """Whether it waits for a lock, once it has had the time to come so far."""
        for _ in range(200):
            if self.state:
                return False
            waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
            if value(db, waits, [self.connection.info.backend_pid]):
                return True
            time.sleep(0.01)
        return False

    def end(self):
        self.thread.join(timeout=30)
        assert not self.thread.is_alive(), f"never ended: {self.sql}"
        return self.state


@pytest.fixture(params=LEVELS)
def sessions(request, database):
    """Two sessions in transactions, each with its snapshot taken, and a third that looks."""
    from conftest import connect

    with connect(database) as db, connect(database) as one, connect(database) as two:
        db.execute("CREATE TABLE users (id integer PRIMARY KEY)")
        db.execute("CREATE TABLE groups (id text PRIMARY KEY)")
        db.execute("INSERT INTO users SELECT generate_series(1, 5)")
        db.execute("INSERT INTO groups VALUES ('a'), ('b'), ('c')")
        db.execute("SELECT rowgrant.register_users('users'), rowgrant.register_groups('groups')")
        db.execute("SELECT rowgrant.define_object_type('tickets', 'bigint', '{view,p1,p2}')")
        for connection in (one, two):
            # Whoever waits for ever is a fault, to be told rather than waited for.
            connection.execute("SET statement_timeout = '5s'")
            connection.execute(f"BEGIN ISOLATION LEVEL {request.param}")
            connection.execute("SELECT count(*) FROM pg_am")
        yield db, one, two


GRANT = "SELECT rowgrant.assign_perm(1, 'view', 'documents', 7)"
GRANTS = "SELECT rowgrant.assign_perms(ARRAY[1, 2], '{view,change}', 'documents', ARRAY[6, 7, 8])"
REMOVALS = [
    "DELETE FROM documents WHERE id = 7",
    "UPDATE documents SET id = 700 WHERE id = 7",
    "TRUNCATE documents",
    "DELETE FROM users WHERE id = 1",
    "UPDATE users SET id = 100 WHERE id = 1",
    "TRUNCATE users",
]


@pytest.mark.parametrize("grant", [GRANT, GRANTS], ids=["one", "bulk"])
@pytest.mark.parametrize("removal", REMOVALS)
@pytest.mark.parametrize("grant_first", [True, False], ids=["grant_first", "removal_first"])
def test_grant_against_removal(sessions, grant, removal, grant_first):
    db, one, two = sessions
    first, second = (grant, removal) if grant_first else (removal, grant)
    one.execute(first)
    step = Step(two, second)
    assert step.is_waiting(db), step.state
    one.execute("COMMIT")
    state = step.end()
    assert state in ("done", RETRY, "23503"), state
    two.execute("COMMIT" if state == "done" else "ROLLBACK")
    if state == RETRY:
        assert Step(two, second).end() in ("done", "23503")
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
    if "UPDATE documents" in removal and grant_first:
        assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'documents', 700)")
    if "UPDATE users" in removal and grant_first:
        assert value(db, "SELECT rowgrant.has_perm(100, 'view', 'documents', 7)")


@pytest.mark.parametrize("removal", REMOVALS)
def test_grant_after_a_removal_that_is_rolled_back(sessions, removal):
    db, one, two = sessions
    one.execute(removal)
    step = Step(two, GRANT)
    assert step.is_waiting(db)
    one.execute("ROLLBACK")
    assert step.end() == "done" and step.answer is True
    two.execute("COMMIT")
    assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)")


def test_delete_with_a_snapshot_older_than_the_grant_leaves_no_orphan(sessions):
    db, one, two = sessions
    one.execute(GRANTS)
    one.execute("COMMIT")
    state = Step(two, "DELETE FROM documents WHERE id IN (6, 7, 8)").end()
    two.execute("COMMIT" if state == "done" else "ROLLBACK")
    assert state in ("done", RETRY)
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []


@pytest.mark.parametrize(
    ("one_keys", "two_keys"), [("1, 2, 3, 4", "4, 3, 2, 1"), ("1, 2, 3", "3, 4, 5"), ("5, 4", "4, 5")]
)
@pytest.mark.parametrize("functions", [("assign", "assign"), ("assign", "remove"), ("remove", "assign")])
def test_bulk_calls_in_opposite_order_do_not_deadlock(request, sessions, one_keys, two_keys, functions):
    db, one, two = sessions
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 2, 3], '{view}', 'documents', ARRAY[2, 4])")
    call = "SELECT rowgrant.{}_perms(ARRAY[{}], '{{view,change}}', 'documents', ARRAY[{}])"
    one.execute(call.format(functions[0], "1, 2, 3", one_keys))
    step = Step(two, call.format(functions[1], "3, 2, 1", two_keys))
    step.is_waiting(db)
    one.execute("COMMIT")
    state = step.end()
    assert state in ("done", RETRY), state
    try:
        two.execute("COMMIT" if state == "done" else "ROLLBACK")
    except psycopg.errors.SerializationFailure:
        # SERIALIZABLE may find at the end what REPEATABLE READ does not look for.
        assert "SERIALIZABLE" in request.node.name


def test_two_sessions_grant_the_very_same(request, sessions):
    db, one, two = sessions
    one.execute(GRANT)
    step = Step(two, GRANT)
    assert step.is_waiting(db)
    one.execute("COMMIT")
    state = step.end()
    if "SERIALIZABLE" in request.node.name and state == RETRY:
        two.execute("ROLLBACK")
        return
    assert state == "done", state
    assert step.answer is False
    two.execute("COMMIT")


def test_two_subgroups_cannot_close_a_cycle(sessions):
    db, one, two = sessions
    db.execute("SELECT rowgrant.add_subgroup('b', 'c')")
    one.execute("SELECT rowgrant.add_subgroup('a', 'b')")
    step = Step(two, "SELECT rowgrant.add_subgroup('c', 'a')")
    assert step.is_waiting(db)
    one.execute("COMMIT")
    assert step.end() in ("22023", RETRY)
    two.execute("ROLLBACK")
    assert Step(two, "SELECT rowgrant.add_subgroup('c', 'a')").end() == "22023"


def test_two_permissions_cannot_come_to_imply_each_other(sessions):
    db, one, two = sessions
    one.execute("SELECT rowgrant.define_perm('tickets', 'p1', '{p2}')")
    step = Step(two, "SELECT rowgrant.define_perm('tickets', 'p2', '{p1}')")
    assert step.is_waiting(db)
    one.execute("COMMIT")
    assert step.end() in ("22023", RETRY)
    two.execute("ROLLBACK")
    assert Step(two, "SELECT rowgrant.define_perm('tickets', 'p2', '{p1}')").end() == "22023"


@pytest.mark.parametrize("member_first", [True, False])
def test_member_against_deletion_of_the_user(sessions, member_first):
    db, one, two = sessions
    steps = ["SELECT rowgrant.add_member('a', 1)", "DELETE FROM users WHERE id = 1"]
    first, second = steps if member_first else reversed(steps)
    one.execute(first)
    step = Step(two, second)
    assert step.is_waiting(db)
    one.execute("COMMIT")
    state = step.end()
    assert state in ("done", RETRY, "23503")
    two.execute("COMMIT" if state == "done" else "ROLLBACK")
    if state == RETRY:
        assert Step(two, second).end() in ("done", "23503")
    assert value(db, "SELECT count(*) FROM rowgrant.membership") == 0


@pytest.mark.parametrize(
    "removal",
    [
        "SELECT rowgrant.unprotect('documents', true)",
        "SELECT rowgrant.drop_perm('documents', 'view', true)",
        "SELECT rowgrant.unprotect('tickets', true)",
        "SELECT rowgrant.drop_perm('tickets', 'view', true)",
        "SELECT rowgrant.apply_model('{\"object_types\": {}, \"drop_grants\": true}')",
        "DROP TABLE documents",
    ],
)
@pytest.mark.parametrize("grant_first", [True, False], ids=["grant_first", "removal_first"])
def test_grant_against_removal_of_its_permission(sessions, removal, grant_first):
    db, one, two = sessions
    of = "tickets" if "tickets" in removal else "documents"
    grant = f"SELECT rowgrant.assign_perm(1, 'view', '{of}', 7), rowgrant.assign_perm(1, 'view', '{of}')"
    first, second = (grant, removal) if grant_first else (removal, grant)
    one.execute(first)
    step = Step(two, second)
    assert step.is_waiting(db), step.state
    one.execute("COMMIT")
    state = step.end()
    assert state in ("done", RETRY, "42704", "42P01"), state
    two.execute("COMMIT" if state == "done" else "ROLLBACK")
    gone = "SELECT count(*) FROM rowgrant.{} g WHERE NOT EXISTS (SELECT FROM rowgrant.permission p WHERE p.id = g.perm)"
    assert value(db, gone.format("grant_bigint")) == 0
    assert value(db, gone.format("model_grant")) == 0


def test_protect_against_a_delete_that_is_running(sessions):
    db, one, two = sessions
    db.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
    db.execute("INSERT INTO notes SELECT generate_series(1, 5)")
    one.execute("DELETE FROM documents WHERE id = 20")
    one.execute("COMMIT")
    one.execute("BEGIN")
    one.execute("DELETE FROM notes WHERE id = 1")
    step = Step(two, "SELECT rowgrant.protect('notes')")
    assert step.is_waiting(db)
    one.execute("DELETE FROM notes WHERE id = 2")
    one.execute("COMMIT")
    assert step.end() in ("done", RETRY)


def test_cleaning_spares_a_grant_on_a_row_that_has_come_back(sessions):
    db, one, two = sessions
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 7)")
    with db.transaction():
        db.execute("SET LOCAL session_replication_role = replica")
        db.execute("DELETE FROM documents WHERE id = 7")
    one.execute("COMMIT")
    one.execute("BEGIN")
    one.execute("INSERT INTO documents VALUES (7, 'again')")
    one.execute("SELECT rowgrant.assign_perm(2, 'view', 'documents', 7)")
    step = Step(two, "SELECT rowgrant.clean_orphans()")
    assert step.is_waiting(db)
    one.execute("COMMIT")
    assert step.end() in ("done", RETRY)
    two.execute("ROLLBACK")
    assert value(db, "SELECT rowgrant.has_perm(2, 'view', 'documents', 7)")


@pytest.mark.parametrize("user", ["1", "9"], ids=["registered", "unknown"])
@pytest.mark.parametrize("grant", ["assign_perm('{}', 'view', 'documents', 7)", "assign_perms(ARRAY['{}'], '{{view}}', 'documents', ARRAY[7])",
                                   "add_member('staff', '{}')"])
@pytest.mark.parametrize("grant_first", [True, False], ids=["grant_first", "register_first"])
def test_grant_against_registering_the_table_of_users(sessions, user, grant, grant_first):
    db, one, two = sessions
    db.execute("DROP TABLE users, groups")
    db.execute("CREATE TABLE clients (id text PRIMARY KEY)")
    db.execute("INSERT INTO clients VALUES ('1')")
    grant, register = f"SELECT rowgrant.{grant.format(user)}", "SELECT rowgrant.register_users('clients')"
    one.execute("COMMIT")
    one.execute("BEGIN")
    first, second = (grant, register) if grant_first else (register, grant)
    one.execute(first)
    step = Step(two, second)
    assert step.is_waiting(db), step.state
    one.execute("COMMIT")
    state = step.end()
    # Ids mean something else now, or somebody was granted something who is no user.
    assert state in ("done", RETRY, "23503") if grant_first else state in ("42704", RETRY), state
    two.execute("COMMIT" if state == "done" else "ROLLBACK")
    if state != "done":
        again = Step(two, second).end()
        assert again == ("done" if user == "1" else "23503"), again
    unknown = "SELECT count(*) FROM rowgrant.subject WHERE kind = 'u' AND key NOT IN (SELECT id FROM clients)"
    registered = value(db, "SELECT count(*) FROM rowgrant.subject_source WHERE kind = 'u'")
    assert not registered or value(db, unknown) == 0


@pytest.mark.parametrize("with_table", [True, False])
@pytest.mark.parametrize("grant_first", [True, False], ids=["grant_first", "rename_first"])
def test_grant_against_renaming_the_label_that_is_its_key(sessions, with_table, grant_first):
    db, one, two = sessions
    db.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
    if with_table:
        db.execute("CREATE TABLE moods (id mood PRIMARY KEY)")
        db.execute("INSERT INTO moods VALUES ('sad')")
        db.execute("SELECT rowgrant.protect('moods')")
    else:
        db.execute("SELECT rowgrant.define_object_type('moods', 'mood')")
    for session in (one, two):
        session.execute("COMMIT")
    one.execute("BEGIN")
    steps = ["SELECT rowgrant.assign_perm(1, 'view', 'moods', 'sad')", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"]
    first, second = steps if grant_first else reversed(steps)
    one.execute(first)
    step = Step(two, second)
    assert step.is_waiting(db), step.state
    one.execute("COMMIT")
    assert step.end() == ("done" if grant_first else "22P02")
    assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'moods', 'blue')") == grant_first
    assert value(db, "SELECT count(*) FROM rowgrant.grant_text WHERE object = 'sad'") == 0


def test_who_may_not_alter_a_table_waits_for_nobody_and_stops_nobody(sessions):
    db, one, two = sessions
    role = f"regress_stranger_{one.info.backend_pid}"
    db.execute(f"CREATE ROLE {role}")
    try:
        one.execute("SELECT count(*) FROM documents")
        two.execute("COMMIT")
        two.execute(f"SET ROLE {role}")
        step = Step(two, "ALTER TABLE documents ALTER id TYPE text")
        assert not step.is_waiting(db)
        assert step.end() == "42501"
        assert value(db, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'documents'::regclass AND tgname LIKE '%rowgrant%'") == 3
    finally:
        two.execute("RESET ROLE")
        db.execute(f"DROP ROLE {role}")
