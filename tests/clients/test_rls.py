"""Row-level security and the views, where two sessions or a whole database are needed."""

import os
import random
import subprocess
import threading
import time

import psycopg
import pytest

from conftest import connect, value


def waiting(admin, count=1):
    for _ in range(200):
        if value(admin, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") >= count:
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
def test_changing_an_expiry_gives_nothing_back(database, db, other, level):
    """A grant that was removed after an UPDATE of the view began stays removed."""
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 7, now() + interval '1 day')")
    changed = []

    def change():
        with connect(database) as session:
            session.execute(f"BEGIN ISOLATION LEVEL {level}")
            changed.append(session.execute("UPDATE rowgrant.user_grants SET expires_at = NULL"
                                           " WHERE user_id = '1' AND pg_sleep(0.5) IS NOT NULL").rowcount)
            session.execute("COMMIT")

    thread = threading.Thread(target=change)
    thread.start()
    waiting(other)
    assert value(db, "SELECT rowgrant.remove_perm(1, 'view', 'documents', 7)") is True
    thread.join()
    assert changed == [0]
    assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)") is False


def test_places_that_are_gone_are_not_looked_at(db, other):
    """The table of subjects may have become shorter than it was when a group was found in it."""
    db.execute("CREATE TABLE groups (id integer PRIMARY KEY)")
    db.execute("CREATE TABLE memberships (u text, g integer, PRIMARY KEY (u, g))")
    db.execute("INSERT INTO groups SELECT generate_series(1, 2000)")
    db.execute("SELECT rowgrant.register_groups('groups'), rowgrant.register_membership('memberships', 'u', 'g')")
    db.execute("SELECT rowgrant.assign_group_perms(ARRAY(SELECT id FROM groups), '{view}', 'documents', ARRAY[7])")
    db.execute("INSERT INTO memberships VALUES ('1', 1999)")
    has = "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)"
    assert value(db, has) is True
    other.execute("VACUUM FULL rowgrant.subject")
    assert value(db, has) is True
    other.execute("DELETE FROM groups")
    other.execute("VACUUM rowgrant.subject")
    assert value(db, has) is False


def test_a_dump_brings_policies_back(database, db):
    db.execute("CREATE TABLE parts (id integer PRIMARY KEY) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE part_0 PARTITION OF parts FOR VALUES FROM (0) TO (10)")
    db.execute("SELECT rowgrant.protect('parts'), rowgrant.enable_rls('parts'), rowgrant.enable_rls('documents')")
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 7)")
    restored = f"{database}_restored"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {restored}")
        try:
            dump = subprocess.run(["pg_dump", database], check=True, capture_output=True).stdout
            subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", restored], input=dump, check=True, stdout=subprocess.DEVNULL)
            with connect(restored) as back:
                assert back.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []
                back.execute("CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (10) TO (20)")
                assert value(back, "SELECT count(*) FROM rowgrant.row_security") == 4
                back.execute("SELECT rowgrant.disable_rls('parts')")
                assert value(back, "SELECT count(*) FROM pg_class WHERE relrowsecurity") == 1
        finally:
            admin.execute(f"DROP DATABASE {restored} WITH (FORCE)")


def test_dropping_the_extension_leaves_tables_as_they_were():
    name = f"rowgrant_dropped_{os.getpid()}"
    flags = "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with connect(name) as db:
                db.execute("CREATE TABLE plain (id integer PRIMARY KEY)")
                db.execute("CREATE TABLE closed (id integer PRIMARY KEY)")
                db.execute("ALTER TABLE closed ENABLE ROW LEVEL SECURITY")
                before = db.execute(flags).fetchall()
                db.execute("CREATE EXTENSION rowgrant")
                for table in ("plain", "closed"):
                    db.execute(f"SELECT rowgrant.protect('{table}'), rowgrant.enable_rls('{table}')")
                db.execute("CREATE POLICY mine ON plain USING (rowgrant.can('view', plain.*))")
                with pytest.raises(psycopg.errors.DependentObjectsStillExist):
                    db.execute("DROP EXTENSION rowgrant")
                assert value(db, "SELECT count(*) FROM rowgrant.row_security") == 2
                with db.transaction(force_rollback=True):
                    db.execute("DROP EXTENSION rowgrant CASCADE")
                assert value(db, "SELECT count(*) FROM pg_policy") == 9
                db.execute("DROP EXTENSION rowgrant CASCADE")
                assert db.execute(flags).fetchall() == before
                assert value(db, "SELECT count(*) FROM pg_policy") == 0
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


TABLES = {"numbers": "integer", "codes": "uuid", "words": "text", "pairs": "text", "parts": "integer"}
USERS = ["u1", "u2", "u3", "nobody", None]


@pytest.fixture
def policies(db):
    """Tables with keys of several types, of whose rows some users own some, under policies for a role."""
    db.execute("CREATE TABLE numbers (id integer PRIMARY KEY, owner text)")
    db.execute("CREATE TABLE codes (id uuid PRIMARY KEY, owner text)")
    db.execute("CREATE TABLE words (id text PRIMARY KEY, owner text)")
    db.execute("CREATE TABLE pairs (id text NOT NULL, a integer, b text, owner text, PRIMARY KEY (a, b))")
    db.execute("CREATE TABLE parts (id integer PRIMARY KEY, owner text) PARTITION BY HASH (id)")
    db.execute("CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
    db.execute("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1)")
    owner = "CASE i % 7 WHEN 0 THEN 'u1' WHEN 1 THEN 'u2' END"
    db.execute(f"INSERT INTO numbers SELECT i, {owner} FROM generate_series(1, 40) i")
    db.execute(f"INSERT INTO codes SELECT md5(i::text)::uuid, {owner} FROM generate_series(1, 40) i")
    db.execute(f"INSERT INTO words SELECT 'w ' || i, {owner} FROM generate_series(1, 40) i")
    db.execute(f"INSERT INTO pairs SELECT ROW(i % 6, 'b ' || i)::text, i % 6, 'b ' || i, {owner} FROM generate_series(1, 40) i")
    db.execute(f"INSERT INTO parts SELECT i, {owner} FROM generate_series(1, 40) i")
    role = f"rls_{db.info.backend_pid}"
    db.execute(f"CREATE ROLE {role}")
    for table in TABLES:
        owned = "" if table == "words" else ", owner_column => 'owner'"
        db.execute(f"SELECT rowgrant.protect('{table}'{owned}), rowgrant.enable_rls('{table}', '{{{role}}}')")
    db.execute(f"GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    db.execute("SELECT rowgrant.add_member('g', 'u2'), rowgrant.add_subgroup('above', 'g')")
    yield role
    for table in TABLES:
        db.execute(f"SELECT rowgrant.disable_rls('{table}')")
    db.execute(f"DROP OWNED BY {role}")
    db.execute(f"DROP ROLE {role}")


def test_policies_show_what_has_perm_allows(db, policies):
    seed = int(os.environ.get("ROWGRANT_SEED", time.time_ns() % 1_000_000))
    print(f"ROWGRANT_SEED={seed}")
    chance = random.Random(seed)
    shown = 0
    for _ in range(150):
        table = chance.choice(list(TABLES))
        who, kind = chance.choice([("u1", ""), ("u2", ""), ("u3", ""), ("g", "group_"), ("above", "group_"), ("everyone", "group_")])
        perm = chance.choice(["view", "view", "view", "change", "delete"])
        change = chance.choice(["assign", "assign", "remove"])
        keys = f"ARRAY(SELECT id::text FROM {table} WHERE random() < {chance.choice([0.05, 0.3, 1])})"
        db.execute(f"SELECT rowgrant.{change}_{kind}perms('{{{who}}}'::text[], '{{{perm}}}', '{table}', {keys})")
        if chance.random() < 0.05:
            db.execute(f"SELECT rowgrant.{change}_{kind}perm('{who}', '{perm}', '{table}')")
        user = chance.choice(USERS)
        key = "ROW(d.a, d.b)" if table == "pairs" else "d.id"

        def allowed(*perms):
            held = " AND ".join(f"rowgrant.has_perm(%(user)s, '{p}', '{table}', {key})" for p in perms)
            return db.execute(f"SELECT id FROM {table} d WHERE {held} ORDER BY id", {"user": user}).fetchall()

        seen, changed, deleted = allowed("view"), allowed("view", "change"), allowed("view", "delete")
        with db.transaction(force_rollback=True):
            db.execute("SELECT rowgrant.set_user(%s::text)", (user,))
            db.execute(f"SET LOCAL ROLE {policies}")
            assert db.execute(f"SELECT id FROM {table} ORDER BY id").fetchall() == seen
            assert sorted(db.execute(f"UPDATE {table} SET owner = owner RETURNING id").fetchall()) == sorted(changed)
            assert sorted(db.execute(f"DELETE FROM {table} RETURNING id").fetchall()) == sorted(deleted)
        shown += len(seen)
    assert shown > 500
