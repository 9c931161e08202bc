"""What a session remembers of users and groups from one statement to the next is never older than what the
statement sees: it answers as a session that has just begun."""

import contextlib
import os
import random
import time

import psycopg
import pytest

from conftest import connect, value

STEPS = int(os.environ.get("ROWGRANT_MEMORY_STEPS", 400))
USERS, GROUPS, DOCUMENTS = range(1, 4), ["a", "b", "c"], range(1, 4)


@pytest.fixture
def tables(db):
    db.execute("CREATE TABLE users (id integer PRIMARY KEY, active boolean NOT NULL, super boolean NOT NULL)")
    db.execute("CREATE TABLE groups (id text PRIMARY KEY)")
    db.execute("CREATE TABLE memberships (u integer REFERENCES users ON DELETE CASCADE,"
               " g text REFERENCES groups ON DELETE CASCADE ON UPDATE CASCADE, PRIMARY KEY (u, g))")
    db.execute("CREATE TABLE nothing (n integer)")
    db.execute("SELECT rowgrant.register_users('users', 'active', 'super')")
    db.execute("SELECT rowgrant.register_groups('groups')")
    db.execute("SELECT rowgrant.register_membership('memberships', 'u', 'g')")
    db.execute("INSERT INTO users SELECT i, true, false FROM generate_series(1, 3) i")
    db.execute("INSERT INTO groups VALUES ('a'), ('b'), ('c')")


def change(session, chance):
    """One change, of those that decide what users hold; it may be refused."""
    user, group, other, document = (chance.choice(r) for r in (USERS, GROUPS, GROUPS, DOCUMENTS))
    perm = chance.choice(["view", "change"])
    sql, values = chance.choice([
        ("INSERT INTO memberships VALUES (%s, %s)", (user, group)),
        ("DELETE FROM memberships WHERE u = %s", (user,)),
        ("SELECT rowgrant.add_member(%s, %s)", (group, user)),
        ("SELECT rowgrant.remove_member(%s, %s)", (group, user)),
        ("SELECT rowgrant.add_subgroup(%s, %s)", (group, other)),
        ("SELECT rowgrant.remove_subgroup(%s, %s)", (group, other)),
        ("SELECT rowgrant.assign_perm(%s, %s, 'documents', %s)", (user, perm, document)),
        ("SELECT rowgrant.remove_perm(%s, %s, 'documents', %s)", (user, perm, document)),
        ("SELECT rowgrant.assign_group_perm(%s, %s, 'documents', %s)", (group, perm, document)),
        ("SELECT rowgrant.remove_group_perm(%s, %s, 'documents', %s)", (group, perm, document)),
        ("SELECT rowgrant.assign_group_perm(%s, %s, 'documents')", (group, perm)),
        ("SELECT rowgrant.remove_group_perm(%s, %s, 'documents')", (group, perm)),
        ("UPDATE users SET active = NOT active WHERE id = %s", (user,)),
        ("UPDATE users SET super = NOT super WHERE id = 3", None),
        ("DELETE FROM groups WHERE id = %s", (group,)),
        ("INSERT INTO groups VALUES (%s)", (group,)),
        ("UPDATE groups SET id = %s WHERE id = %s", (group, other)),
        ("SELECT rowgrant.define_perm('documents', 'change', %s)", (chance.choice([[], ["view"]]),)),
        ("DELETE FROM users WHERE id = %s", (user,)),
        ("INSERT INTO users SELECT i, true, false FROM generate_series(1, 3) i ON CONFLICT (id) DO UPDATE SET active = true", None),
        ("SELECT rowgrant.assign_perms(ARRAY[1, 2, 3], '{view,change}', 'documents', ARRAY[%s])", (document,)),
        ("UPDATE users SET id = %s WHERE id = %s", (user, chance.choice(USERS))),
        (chance.choice(["VACUUM", "VACUUM FULL"]) + chance.choice([" users", " rowgrant.subject"]), None),
        ("TRUNCATE memberships", None) if chance.random() < 0.2 else ("INSERT INTO memberships VALUES (%s, %s)", (user, group)),
    ])
    with contextlib.suppress(psycopg.Error):
        if sql.startswith("VACUUM") and session.info.transaction_status:
            return
        with session.transaction() if session.info.transaction_status else contextlib.nullcontext():
            session.execute(sql, values)


def answers(session):
    """All that can be asked, in one statement."""
    return session.execute(
        "SELECT u, p, d, rowgrant.has_perm(u, p, 'documents', d), rowgrant.has_perm(u, p, 'documents'),"
        " ARRAY(SELECT rowgrant.objects_for_user(u, p, 'documents', NULL::bigint) o ORDER BY o)"
        " FROM generate_series(1, 3) u, unnest('{view,change}'::text[]) p, generate_series(1, 3) d ORDER BY u, p, d").fetchall()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_session_answers_as_a_new_one(database, db, other, tables, level):
    seed = int(os.environ.get("ROWGRANT_SEED", time.time_ns() % 1_000_000))
    print(f"ROWGRANT_SEED={seed}")
    chance = random.Random(seed)
    db.isolation_level = psycopg.IsolationLevel[level.replace(" ", "_")]
    differ = 0
    last = None
    for _ in range(STEPS):
        what = chance.random()
        if what < 0.4:
            for _ in range(chance.randint(1, 12)):
                change(other, chance)
        elif what < 0.5:
            change(db, chance)
        elif what < 0.6:
            # Without an id, and yet with another command number.
            with db.transaction():
                db.execute("UPDATE nothing SET n = 1")
                answers(db)
        elif what < 0.7:
            with contextlib.suppress(psycopg.errors.SerializationFailure), db.transaction():
                change(db, chance)
                inside = answers(db)
                with contextlib.suppress(psycopg.Rollback), db.transaction():
                    change(db, chance)
                    answers(db)
                    raise psycopg.Rollback
                assert answers(db) == inside, "a savepoint that was rolled back left something"
                if chance.random() < 0.5:
                    raise psycopg.Rollback
        found = answers(db)
        with connect(database) as new:
            assert found == answers(new)
        differ += found != last
        last = found
    assert differ > STEPS // 8, "the changes must make a difference"


def test_another_row_in_the_place_of_one_that_was_remembered(db, tables):
    """Of the user, and of his subject."""
    db.execute("SELECT rowgrant.assign_perm(u, 'view', 'documents', u) FROM generate_series(1, 2) u")
    asked = "SELECT array_agg(rowgrant.has_perm(u, 'view', 'documents', u) ORDER BY u) FROM generate_series(1, 2) u"
    assert value(db, asked) == [True, True]
    place = "SELECT ctid FROM users WHERE id = 1"
    before = value(db, place)
    db.execute("UPDATE users SET id = 4 WHERE id = 1")
    db.execute("VACUUM users")
    db.execute("INSERT INTO users VALUES (5, true, true)")
    assert value(db, "SELECT ctid FROM users WHERE id = 5") == before, "the place was not used again"
    assert value(db, asked) == [False, True]
    assert value(db, "SELECT array_agg(rowgrant.has_perm(u, 'view', 'documents', 1) ORDER BY u) FROM unnest('{4,5,2}'::int[]) u") \
        == [False, True, True]
    db.execute("DELETE FROM users WHERE id = 2")
    db.execute("VACUUM rowgrant.subject")
    db.execute("INSERT INTO users VALUES (2, true, false)")
    db.execute("SELECT rowgrant.assign_perm(5, 'view', 'documents', 2)")
    assert value(db, asked) == [False, False]


def test_more_users_than_fit_into_memory(db):
    """Some are forgotten, and looked up again."""
    db.execute("CREATE TABLE people (id text PRIMARY KEY, active boolean NOT NULL)")
    db.execute("INSERT INTO people SELECT 'user ' || i, i % 5 <> 0 FROM generate_series(1, 3000) i")
    db.execute("SELECT rowgrant.register_users('people', 'active')")
    db.execute("SELECT rowgrant.assign_perms(ARRAY(SELECT id FROM people WHERE right(id, 1) < '6'), '{view}', 'documents', '{7}'::bigint[])")
    db.execute("SET work_mem = '64kB'")
    wrong = ("SELECT count(*) FROM (SELECT id, active AND right(id, 1) < '6' AS may FROM people ORDER BY {}) p"
             " WHERE rowgrant.has_perm(id, 'view', 'documents', 7) <> may")
    for order in ("id", "id DESC", "md5(id)", "id"):
        assert value(db, wrong.format(order)) == 0
    db.execute("UPDATE people SET active = NOT active WHERE right(id, 1) IN ('1', '5')")
    assert value(db, wrong.format("id")) == 0


def test_a_transaction_sees_what_it_has_written(db, tables):
    db.execute("SELECT rowgrant.assign_group_perm('a', 'view', 'documents', 7)")
    db.execute("INSERT INTO memberships VALUES (1, 'a')")
    has = "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)"
    with db.transaction():
        # The next command sees the changes of a first one; here there are none, and so there is no id either.
        db.execute("UPDATE nothing SET n = 1")
        assert value(db, has) is True
    with db.transaction():
        db.execute("DELETE FROM memberships")
        assert value(db, has) is False


def test_expiry_is_noticed_within_a_transaction(db):
    db.execute("CREATE FUNCTION may() RETURNS boolean LANGUAGE plpgsql AS $$"
               " BEGIN RETURN rowgrant.has_perm(42, 'view', 'documents', 7); END $$")
    db.execute("SELECT rowgrant.assign_perm(42, 'view', 'documents', 7, clock_timestamp() + interval '0.5 seconds')")
    for level in (psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ):
        db.isolation_level = level
        db.execute("SELECT rowgrant.assign_perm(42, 'view', 'documents', 7, clock_timestamp() + interval '0.5 seconds')")
        with db.transaction():
            # The same expression, with what it keeps; the snapshot stays as it is, too.
            assert value(db, "SELECT may()") is True
            time.sleep(0.7)
            assert value(db, "SELECT may()") is False
            assert value(db, "SELECT rowgrant.has_perm(42, 'view', 'documents', 7)") is False


def test_serializable_transactions_notice_what_they_remembered(db, other, tables):
    """Each reads what the other writes: one of them has to fail, though it need not look again."""
    db.execute("SELECT rowgrant.assign_group_perm('a', 'view', 'documents', 7)")
    db.execute("INSERT INTO memberships VALUES (1, 'a')")
    has = "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)"
    for session in (db, other):
        session.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        with session.transaction():
            # Now it remembers.
            assert value(session, has) is True
    with pytest.raises(psycopg.errors.SerializationFailure):
        with db.transaction():
            assert value(db, has) is True
            with other.transaction():
                assert value(other, "SELECT count(*) FROM nothing") == 0
                other.execute("DELETE FROM memberships")
            db.execute("INSERT INTO nothing VALUES (1)")


@pytest.mark.parametrize(
    "asked, change",
    [
        ("SELECT rowgrant.has_perm(1, 'view', 'documents', 7)", "SELECT rowgrant.add_member('a', 1)"),
        ("SELECT rowgrant.has_perm(2, 'view', 'documents', 7)", "SELECT rowgrant.add_subgroup('a', 'b')"),
        (
            "SELECT count(*) > 0 FROM rowgrant.objects_for_user(3, 'view', 'documents', NULL::integer)",
            "SELECT rowgrant.assign_perm(3, 'view', 'documents', 7, expires_at => now() + '1 hour')",
        ),
    ],
    ids=["members", "subgroups", "expiring"],
)
def test_serializable_transactions_notice_what_was_not_there(db, other, tables, asked, change):
    """What decides is in a table, or index, that has never held anything."""
    db.execute("SELECT rowgrant.assign_group_perm('a', 'view', 'documents', 7)")
    db.execute("SELECT rowgrant.assign_group_perm('b', 'change', 'documents', 8)")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 2, 3], '{view}', 'documents', ARRAY[8])")
    db.execute("SELECT rowgrant.remove_perm(3, 'view', 'documents', 8)")
    db.execute("INSERT INTO memberships VALUES (2, 'b')")
    for session in (db, other):
        session.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    with pytest.raises(psycopg.errors.SerializationFailure):
        with db.transaction():
            assert value(db, asked) is False
            with other.transaction():
                assert value(other, "SELECT count(*) FROM nothing") == 0
                other.execute(change)
            db.execute("INSERT INTO nothing VALUES (1)")
    assert value(db, asked) is True
