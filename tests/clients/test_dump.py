"""A dump holds names and grants, and restores to the same answers."""

import contextlib
import os
import subprocess
import time

import psycopg
import pytest
from conftest import connect, value

# A table for each kind of key, with three keys: granted, granted to be revoked by deleting, free.
KEYS = {
    "small": ("smallint", "1", "2", "3"),
    "whole": ("integer", "-1", "2", "3"),
    "big": ("bigint", "9223372036854775807", "2", "3"),
    "uuids": ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
              "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13"),
    "texts": ("text", 'it\'s "a"\nb\\', "", "\\N"),
    "varchars": ("varchar(10)", "Ab", "ab", "tab\there"),
    "padded": ("char(5)", "ab", "abc", "x"),
    "folded": ("citext", "AbC", "abd", "x"),
    "addresses": ("inet", "10.0.0.1", "10.0.0.0/8", "::1"),
    "dates": ("date", "2024-02-03", "infinity", "0044-03-15 BC"),
    "instants": ("timestamptz", "2024-02-03 10:00:00.123456+05", "2024-07-03 10:00+00", "2025-01-01"),
    "numbers": ("numeric", "7.00", "1e30", "NaN"),
    "moods": ("app.mood", "sad", "it's ok", "so, so"),
    "bytes": ("bytea", "\\x00ff", "\\x", "\\x5c"),
    "trees": ("ltree", "a.b", "a.c", "b"),
    "spans": ("interval", "1 mon", "-1 day -02:00", "1 year"),
    "positives": ("app.positive", "1", "2", "3"),
    "codes": ("app.code", "a", "b", "c"),
}
USERS = [f"00000000-0000-4000-8000-00000000000{i}" for i in range(1, 8)]
ANN, BOB, CY, DEE, ROOT, GONE, OWNER = USERS
TABLES = ["object_type", "permission", "implication", "subject_source", "membership_source", "subject", "membership",
          "subgroup", "model_grant", "grant_bigint", "grant_uuid", "grant_text"]


def psql(database, file):
    """Any error or warning is one."""
    done = run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", file)
    assert done.stderr == ""


def run(*command):
    done = subprocess.run(list(map(str, command)), env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def dump(database, file, *options):
    assert run("pg_dump", "-d", database, "-f", file, *options).stderr == ""
    return file


def restore(database, file, *options):
    assert run("pg_restore", "-e", "-d", database, *options, file).stderr == ""


@contextlib.contextmanager
def another(database, suffix="restored"):
    """An empty database."""
    name = f"{database}_{suffix}"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        yield name
    finally:
        with connect("postgres") as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def application(database, db):
    """Everything that can be declared and granted, in a database of many types."""
    for extension in ("citext", "ltree"):
        db.execute(f"CREATE EXTENSION {extension}")
    db.execute("""
        CREATE SCHEMA app;
        CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'so, so');
        CREATE DOMAIN app.positive AS integer CHECK (VALUE > 0);
        CREATE DOMAIN app.code AS text CHECK (VALUE <> '');
        CREATE TABLE app.users (id uuid PRIMARY KEY, active boolean, admin boolean);
        CREATE TABLE app.groups (id integer PRIMARY KEY);
        CREATE TABLE app.members (u uuid REFERENCES app.users, g integer REFERENCES app.groups, PRIMARY KEY (u, g));
        CREATE INDEX ON app.members (g);
        INSERT INTO app.groups VALUES (1), (2), (3), (4);
        CREATE TABLE app.pairs (a integer, b text, PRIMARY KEY (b, a));
        INSERT INTO app.pairs VALUES (1, 'a b'), (1, 'c,"d"'), (2, '');
        CREATE TABLE app.notes (id integer PRIMARY KEY, owner uuid REFERENCES app.users);
        CREATE TABLE app.events (id integer, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
        CREATE TABLE app.events_north PARTITION OF app.events FOR VALUES IN ('north');
        CREATE TABLE app.events_south PARTITION OF app.events FOR VALUES IN ('south') PARTITION BY RANGE (id);
        CREATE TABLE app.events_south_1 PARTITION OF app.events_south FOR VALUES FROM (0) TO (100);
        INSERT INTO app.events VALUES (1, 'north'), (2, 'north'), (1, 'south'), (3, 'south');
        CREATE TABLE app.parent (id integer PRIMARY KEY);
        CREATE TABLE app.child (UNIQUE (id)) INHERITS (app.parent);
        INSERT INTO app.parent VALUES (1), (2);
        INSERT INTO app.child VALUES (3), (4);
        CREATE TABLE app.late (id integer, n integer PRIMARY KEY DEFERRABLE, UNIQUE (id));
        INSERT INTO app.late VALUES (1, 11), (2, 12), (3, 13)
    """)
    for user in USERS:
        db.execute("INSERT INTO app.users VALUES (%s, %s, %s)", [user, user != CY, user == ROOT])
    db.execute("INSERT INTO app.notes VALUES (1, %s), (2, %s), (3, NULL)", [OWNER, ANN])
    db.execute("INSERT INTO app.members VALUES (%s, 1), (%s, 1), (%s, 4)", [BOB, CY, ANN])
    db.execute("SELECT rowgrant.register_users('app.users', 'active', 'admin')")
    db.execute("SELECT rowgrant.register_groups('app.groups')")
    db.execute("SELECT rowgrant.register_membership('app.members', 'u', 'g')")
    db.execute("SELECT rowgrant.add_member(2, %s::uuid), rowgrant.add_subgroup(3, 1), rowgrant.add_subgroup(3, 2)", [DEE])
    for table, (type, *values) in KEYS.items():
        db.execute(f"CREATE TABLE app.{table} (id {type} PRIMARY KEY)")
        for key in values:
            db.execute(f"INSERT INTO app.{table} VALUES (%s::text::{type})", [key])
    for table in [*KEYS, "pairs", "events", "parent", "late"]:
        db.execute("SELECT rowgrant.protect(%s, %s)", [f"app.{table}", table])
    db.execute("SELECT rowgrant.protect('app.notes', 'notes', owner_column => 'owner')")
    db.execute("SELECT rowgrant.define_object_type('page', 'text', '{view,edit}')")
    db.execute("SELECT rowgrant.assign_perm(%s::uuid, 'edit', 'page', 'home')", [ANN])
    for n, name in enumerate(object_types(db)):
        if name in ("page", "documents"):
            continue
        db.execute("SELECT rowgrant.define_perm(%s, 'editor', '{view,change}')", [name])
        db.execute("SELECT rowgrant.define_perm(%s, 'chief', '{editor,delete}')", [name])
        first, second, *_ = keys(db, name)
        for user, perm, key, expiry in [(ANN, "chief", first, None), (ANN, "view", second, "2090-01-01"),
                                        (BOB, "delete", second, "2100-01-01"), (CY, "view", first, None),
                                        (GONE, "view", first, "2001-01-01")]:
            db.execute("SELECT rowgrant.assign_perm(%s::uuid, %s, %s, %s, %s::timestamptz)", [user, perm, name, key, expiry])
        db.execute("SELECT rowgrant.assign_group_perm(3, 'change', %s, %s)", [name, second])
        db.execute("SELECT rowgrant.assign_group_perm('everyone', 'view', %s, %s)", [name, second])
        if n % 3 == 0:
            db.execute("SELECT rowgrant.assign_group_perm(1, 'editor', %s)", [name])
            db.execute("SELECT rowgrant.assign_perm(%s::uuid, 'add', %s)", [DEE, name])
    db.execute("ANALYZE")
    return database


def object_types(db):
    return [name for (name,) in db.execute("SELECT name FROM rowgrant.object_type ORDER BY name")]


def keys(db, object_type):
    """The objects of a type, as text."""
    found = db.execute("SELECT relation::text, key_columns FROM rowgrant.object_type WHERE name = %s", [object_type]).fetchone()
    relation, columns = found
    if relation is None:
        return ["home", "other"]
    key = f"{columns[0]}::text" if len(columns) == 1 else f"ROW({', '.join(columns)})::text"
    return [key for (key,) in db.execute(f'SELECT {key} COLLATE "C" FROM {relation} ORDER BY 1 LIMIT 10')]


def answers(db, users=USERS):
    """All that rowgrant says of these users, all groups, permissions and objects."""
    said = {"model": value(db, "SELECT rowgrant.model()")}
    for name in object_types(db):
        perms = [perm for (perm,) in db.execute("SELECT name FROM rowgrant.permission p WHERE object_type = "
                                                "(SELECT id FROM rowgrant.object_type WHERE name = %s) ORDER BY 1", [name])]
        objects = keys(db, name)
        question = [[*users, None], perms, objects]
        said[name, "has_perm"] = db.execute(
            "SELECT u, p, k, rowgrant.has_perm(u, p, %s, k) FROM unnest(%s::text[]) u, unnest(%s::text[]) p,"
            " unnest(%s::text[]) k ORDER BY 1, 2, 3", [name, *question]).fetchall()
        said[name, "users_with_perm"] = db.execute(
            "SELECT p, k, ARRAY(SELECT rowgrant.users_with_perm(p, %s, k, with_superusers => true) ORDER BY 1)"
            " FROM unnest(%s::text[]) p, unnest(%s::text[]) k ORDER BY 1, 2", [name, perms, objects]).fetchall()
        said[name, "groups_with_perms"] = db.execute(
            "SELECT k, g.* FROM unnest(%s::text[]) k, rowgrant.groups_with_perms(%s, k) g ORDER BY 1, 2",
            [objects, name]).fetchall()
        if name != "page":
            said[name, "objects_for_user"] = db.execute(
                "SELECT u, p, ARRAY(SELECT rowgrant.objects_for_user(u, p, %s, NULL::text) ORDER BY 1)"
                " FROM unnest(%s::text[]) u, unnest(%s::text[]) p ORDER BY 1, 2", [name, *question[:2]]).fetchall()
    return said


def stored(db):
    """The rows of rowgrant's own tables."""
    return {table: sorted(map(repr, db.execute(f"SELECT * FROM rowgrant.{table}"))) for table in TABLES}


def assert_same(original, restored):
    """A restored database says what the original says, and goes on like it."""
    with connect(original) as db, connect(restored) as copy:
        said = answers(db)
        held = [row[-1] for key, rows in said.items() if key[1] == "has_perm" for row in rows]
        assert True in held and False in held
        assert answers(copy) == said
        assert stored(copy) == stored(db)
        triggers = ("SELECT tgrelid::regclass::text, tgname::text, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger"
                    " WHERE NOT tgisinternal OR tgparentid <> 0 ORDER BY 1, 2")
        assert copy.execute(triggers).fetchall() == db.execute(triggers).fetchall()
        assert copy.execute("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'").fetchall() == []
        assert copy.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []


def assert_goes_on(restored):
    """What comes after a restore is as anywhere: ids are new ones, deletes clean, keys move their grants."""
    with connect(restored) as db:
        db.execute("CREATE TABLE app.later (id integer PRIMARY KEY)")
        db.execute("INSERT INTO app.later VALUES (1)")
        db.execute("SELECT rowgrant.protect('app.later', 'later')")
        assert value(db, "SELECT rowgrant.assign_group_perm(4, 'view', 'later', 1)")
        assert value(db, "SELECT rowgrant.has_perm(%s, 'view', 'later', 1)", [ANN])
        db.execute("UPDATE app.events SET region = 'south' WHERE id = 1 AND region = 'north'"
                   " AND NOT EXISTS (SELECT FROM app.events WHERE id = 1 AND region = 'south')")
        db.execute("UPDATE app.child SET id = id + 100")
        assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
        db.execute("DELETE FROM app.users WHERE id = %s", [GONE])
        assert value(db, "SELECT count(*) FROM rowgrant.subject WHERE key = %s", [GONE]) == 0
        for (table,) in db.execute("SELECT relation::text FROM rowgrant.object_type WHERE relation IS NOT NULL").fetchall():
            db.execute(f"DELETE FROM {table}")
        for grants in ("grant_bigint", "grant_uuid"):
            assert value(db, f"SELECT count(*) FROM rowgrant.{grants}") == 0
        assert db.execute("SELECT object FROM rowgrant.grant_text").fetchall() == [("home",)]
        db.execute("TRUNCATE app.users CASCADE")
        assert value(db, "SELECT count(*) FROM rowgrant.subject WHERE kind = 'u'") == 0
        assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'").fetchall() == []


def plainly(database, copy, folder):
    psql(copy, dump(database, folder / "dump.sql"))


def as_inserts(database, copy, folder):
    psql(copy, dump(database, folder / "dump.sql", "--rows-per-insert=2"))


def in_parallel(database, copy, folder):
    restore(copy, dump(database, folder / "dump", "-Fc"), "-j", 4)


def from_a_directory(database, copy, folder):
    restore(copy, dump(database, folder / "dump", "-Fd", "-j", 4), "-j", 4)


def schema_before_data(database, copy, folder):
    psql(copy, dump(database, folder / "schema.sql", "--schema-only"))
    psql(copy, dump(database, folder / "data.sql", "--data-only"))


def by_sections(database, copy, folder):
    file = dump(database, folder / "dump", "-Fc")
    restore(copy, file, "--section=pre-data")
    restore(copy, file, "--section=data")
    restore(copy, file, "--section=post-data", "-j", 4)


def over(command):
    """Restores with --clean. No error but PostgreSQL's own: it drops the keys of partitions one by one."""
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert errors and all("cannot drop inherited constraint" in line for line in errors), done.stderr


def over_what_is_there(database, copy, folder):
    plainly(database, copy, folder)
    with connect(copy) as db:
        db.execute("DELETE FROM app.texts")
        db.execute("SELECT rowgrant.unprotect('pairs', true)")
        db.execute("SELECT rowgrant.assign_group_perm(4, 'delete', 'small')")
    over(["psql", "-X", "-q", "-d", copy, "-f", dump(database, folder / "clean.sql", "--clean", "--if-exists")])


def over_what_is_there_in_parallel(database, copy, folder):
    plainly(database, copy, folder)
    with connect(copy) as db:
        db.execute("DELETE FROM app.users WHERE id = %s", [GONE])
        db.execute("SELECT rowgrant.drop_perm('whole', 'chief', true)")
    over(["pg_restore", "-d", copy, "--clean", "--if-exists", "-j", "4", dump(database, folder / "dump", "-Fc")])


@pytest.mark.parametrize("way", [plainly, as_inserts, schema_before_data, by_sections, over_what_is_there,
                                 in_parallel, from_a_directory, over_what_is_there_in_parallel])
def test_a_dump_restores_to_the_same_answers(application, tmp_path, way):
    with another(application) as copy:
        way(application, copy, tmp_path)
        assert_same(application, copy)
        assert_goes_on(copy)


def test_a_hundred_thousand_grants_are_dumped_and_restored_in_seconds(database, db, tmp_path):
    db.execute("INSERT INTO documents SELECT generate_series(21, 10000)")
    granted = value(db, "SELECT rowgrant.assign_perms(ARRAY(SELECT generate_series(1, 10)), '{view}', 'documents',"
                        " ARRAY(SELECT id FROM documents))")
    assert granted == 100_000
    began = time.monotonic()
    with another(database) as copy:
        plainly(database, copy, tmp_path)
        assert time.monotonic() - began < 20
        with connect(copy) as restored:
            assert value(restored, "SELECT count(*) FROM rowgrant.grant_bigint") == granted
            assert value(restored, "SELECT bool_and(rowgrant.has_perm(u, 'view', d))"
                                   " FROM documents d, generate_series(1, 10) u")
            restored.execute("DELETE FROM documents WHERE id > 10")
            assert value(restored, "SELECT count(*) FROM rowgrant.grant_bigint") == 100


def test_a_schema_dumped_alone_comes_without_grants(application, tmp_path):
    """-n leaves extensions out, and the grants with them: its tables are as if never protected."""
    file = dump(application, tmp_path / "app.sql", "-n", "app")
    with another(application) as copy, connect(copy) as db:
        for extension in ("citext", "ltree", "rowgrant"):
            db.execute(f"CREATE EXTENSION {extension}")
        psql(copy, file)
        assert db.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []
        assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
        with pytest.raises(psycopg.errors.UndefinedObject):
            db.execute("SELECT rowgrant.has_perm(%s, 'view', 'whole', 2)", [ANN])
        # What fires there is of no object type: rows change as before.
        db.execute("UPDATE app.whole SET id = 4 WHERE id = 3")
        db.execute("DELETE FROM app.whole WHERE id = 4")
        db.execute("SELECT rowgrant.protect('app.events', 'events'), rowgrant.protect('app.whole', 'whole')")
        assert not value(db, "SELECT rowgrant.has_perm(%s, 'view', 'whole', 2)", [ANN])
        db.execute("SELECT rowgrant.assign_perm(1, 'view', 'whole', 2), rowgrant.assign_perm(1, 'view', e) FROM app.events e")
        db.execute("DELETE FROM app.whole WHERE id = 2")
        db.execute("TRUNCATE app.events")
        assert value(db, "SELECT count(*) FROM (TABLE rowgrant.grant_bigint) b FULL JOIN (TABLE rowgrant.grant_text) t"
                         " ON false") == 0
        assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'").fetchall() == []


def test_a_schema_dumped_alone_leaves_grants_on_other_tables_alone(database, db, tmp_path):
    db.execute("CREATE SCHEMA app")
    db.execute("ALTER TABLE documents SET SCHEMA app")
    file = dump(database, tmp_path / "app.sql", "-n", "app")
    with another(database) as copy, connect(copy) as restored:
        restored.execute("CREATE EXTENSION rowgrant")
        restored.execute("CREATE TABLE folders (id bigint PRIMARY KEY)")
        restored.execute("INSERT INTO folders VALUES (7), (8)")
        restored.execute("SELECT rowgrant.protect('folders')")
        restored.execute("SELECT rowgrant.assign_perms(ARRAY[1], '{view}', 'folders', ARRAY[7, 8])")
        psql(copy, file)
        restored.execute("DELETE FROM app.documents WHERE id = 7")
        restored.execute("UPDATE app.documents SET id = 70 WHERE id = 8")
        restored.execute("TRUNCATE app.documents")
        assert restored.execute("SELECT object FROM rowgrant.grant_bigint ORDER BY 1").fetchall() == [(7,), (8,)]


def test_a_schema_dumped_with_the_extension_has_its_grants(database, db, tmp_path):
    db.execute("CREATE SCHEMA app")
    db.execute("ALTER TABLE documents SET SCHEMA app")
    db.execute("CREATE TABLE elsewhere (id integer PRIMARY KEY)")
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 7)")
    file = dump(database, tmp_path / "app.sql", "-n", "app", "-e", "rowgrant")
    with another(database) as copy:
        psql(copy, file)
        with connect(copy) as restored:
            assert answers(restored) == answers(db)
            assert value(restored, "SELECT to_regclass('elsewhere')") is None
            restored.execute("DELETE FROM app.documents WHERE id = 7")
            assert value(restored, "SELECT count(*) FROM rowgrant.grant_bigint") == 0
            assert restored.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []


@pytest.fixture
def restored_with_disabled_triggers(application, tmp_path):
    """PostgreSQL enables all triggers alike afterwards: those that shall fire always no longer do."""
    with another(application) as copy:
        psql(copy, dump(application, tmp_path / "schema.sql", "--schema-only"))
        psql(copy, dump(application, tmp_path / "data.sql", "--data-only", "--disable-triggers"))
        yield copy


ON_TRIGGERS = "SELECT subject, remedy FROM rowgrant.doctor() WHERE subject LIKE 'trigger %'"


def test_doctor_mends_what_a_restore_with_disabled_triggers_leaves(application, restored_with_disabled_triggers):
    with connect(application) as original, connect(restored_with_disabled_triggers) as copy:
        wrong = copy.execute(ON_TRIGGERS).fetchall()
        assert ("trigger !rowgrant_object_delete on app.whole",
                'ALTER TABLE app.whole ENABLE ALWAYS TRIGGER "!rowgrant_object_delete"') in wrong
        for _, remedy in wrong:
            copy.execute(remedy)
        assert copy.execute(ON_TRIGGERS).fetchall() == []
        assert answers(copy) == answers(original)
    assert_goes_on(restored_with_disabled_triggers)


def test_doctor_knows_of_the_extensions_own_triggers(restored_with_disabled_triggers):
    with connect(restored_with_disabled_triggers) as copy:
        wrong = [subject for subject, _ in copy.execute(ON_TRIGGERS)]
        assert "trigger catalog_changed on rowgrant.permission" in wrong
