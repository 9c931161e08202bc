"""ALTER EXTENSION rowgrant UPDATE from every version in tests/upgrade: what a version's CREATE
EXTENSION ran, kept as it was. A change of the SQL surface that has no step in an upgrade script
fails here."""

import contextlib
import os
import pathlib
import re
import subprocess
import uuid

import pytest

from conftest import connect, value

FROZEN = sorted((pathlib.Path(__file__).parent.parent / "upgrade").glob("rowgrant--*.sql"))
AS_OWNER = [] if os.geteuid() == 0 else ["sudo"]
QUESTIONS = """
SELECT jsonb_agg(jsonb_build_array(
           u, k, rowgrant.perms_for_user(u, 'documents', k),
           ARRAY(SELECT e::text FROM rowgrant.explain_perm(u, 'view', 'documents', k) e ORDER BY 1),
           ARRAY(SELECT rowgrant.users_with_perm('view', 'documents', k) ORDER BY 1)) ORDER BY u, k)
FROM unnest('{ann,bob,cid,NULL}'::text[]) u, generate_series(1, 20) k"""


@pytest.fixture(scope="module", autouse=True)
def frozen_versions():
    """The former versions, installed for CREATE EXTENSION ... VERSION."""
    folder = pathlib.Path(subprocess.check_output(["pg_config", "--sharedir"], text=True).strip()) / "extension"
    subprocess.run([*AS_OWNER, "install", "-m", "644", *FROZEN, folder], check=True)
    yield
    subprocess.run([*AS_OWNER, "rm", *(folder / script.name for script in FROZEN)], check=True)


@contextlib.contextmanager
def database_with(version):
    name = f"rowgrant_upgrade_{uuid.uuid4().hex[:12]}"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        with connect(name) as db:
            db.execute(f"CREATE EXTENSION rowgrant {version}")
            yield name, db
    finally:
        with connect("postgres") as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def schema_of(name):
    """All that belongs to the extension, as pg_upgrade would carry it over: without its oids, in the
    order of their text, as objects are dumped in the order in which they were made."""
    dump = subprocess.check_output(["pg_dump", "--binary-upgrade", "--schema-only", "-d", name], text=True)
    assert "CREATE FUNCTION rowgrant.has_perm" in dump
    dump = re.sub(r"SELECT pg_catalog\.binary_upgrade_set_next_\w+\(.*?\);", "", dump, flags=re.DOTALL)
    dump = re.sub(r"(binary_upgrade_create_empty_extension)\(.*?\);", r"\1", dump, flags=re.DOTALL)
    dump = re.sub(r"(relfrozenxid|relminmxid|oid) = '\d+'", r"\1", dump)
    dump = re.sub(r"(?m)^(--|SET |\\(un)?restrict).*$", "", dump)
    config = "SELECT unnest(extconfig)::regclass::text || ' ' || unnest(extcondition) FROM pg_extension WHERE extname = 'rowgrant'"
    with connect(name) as db:
        extension = [row[0] for row in db.execute(f"{config} ORDER BY 1")]
        definitions = [str(row) for row in db.execute("SELECT * FROM rowgrant.definition ORDER BY 1")]
    statements = sorted(s for s in re.split(r"\n{2,}", dump) if s.strip())
    return statements + extension + definitions


def fill(db):
    db.execute("CREATE TABLE documents (id bigint PRIMARY KEY, author text)")
    db.execute("INSERT INTO documents SELECT i, CASE WHEN i % 5 = 0 THEN 'bob' END FROM generate_series(1, 20) i")
    db.execute("CREATE TABLE people (id text PRIMARY KEY, active boolean DEFAULT true)")
    db.execute("INSERT INTO people VALUES ('ann'), ('bob'), ('cid')")
    db.execute("SELECT rowgrant.register_users('people', active_column => 'active')")
    db.execute("SELECT rowgrant.protect('documents', owner_column => 'author')")
    db.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view,change}')")
    db.execute("CREATE TABLE events (id integer PRIMARY KEY DEFERRABLE) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id)")
    db.execute("CREATE TABLE events_1a PARTITION OF events_1 FOR VALUES FROM (0) TO (5)")
    db.execute("INSERT INTO events VALUES (1), (2)")
    db.execute("SELECT rowgrant.protect('events'), rowgrant.assign_perm('bob', 'view', 'events', 2)")
    db.execute("SELECT rowgrant.assign_perm('ann', 'editor', 'documents', k) FROM generate_series(1, 4) k")
    db.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 9)")
    db.execute("SELECT rowgrant.add_subgroup('staff', 'heads')")
    db.execute("SELECT rowgrant.add_member('heads', 'cid')")
    db.execute("SELECT rowgrant.assign_perm('cid', 'delete', 'documents')")


def test_there_is_a_former_version():
    assert FROZEN


@pytest.mark.parametrize("script", FROZEN, ids=lambda script: script.stem)
def test_an_update_makes_what_a_fresh_install_makes(script):
    version = script.stem.split("--")[1]
    with database_with(f"VERSION '{version}'") as (updated, db), database_with("") as (fresh, _):
        db.execute("ALTER EXTENSION rowgrant UPDATE")
        assert schema_of(updated) == schema_of(fresh)


@pytest.mark.parametrize("script", FROZEN, ids=lambda script: script.stem)
def test_an_update_keeps_grants_answers_and_rights(script):
    version = script.stem.split("--")[1]
    role = f"regress_operator_{uuid.uuid4().hex[:8]}"
    with database_with(f"VERSION '{version}'") as (_, db), contextlib.ExitStack() as undo:
        fill(db)
        db.execute(f"CREATE ROLE {role}")
        undo.callback(db.execute, f"DROP OWNED BY {role}; DROP ROLE {role}")
        db.execute(f"GRANT EXECUTE ON FUNCTION rowgrant.set_user(text) TO {role}")
        db.execute("REVOKE EXECUTE ON FUNCTION rowgrant.has_perm(text, text, text, text) FROM PUBLIC")
        before = value(db, QUESTIONS), value(db, "SELECT rowgrant.model()")
        db.execute("ALTER EXTENSION rowgrant UPDATE")
        assert (value(db, QUESTIONS), value(db, "SELECT rowgrant.model()")) == before
        assert value(db, "SELECT has_function_privilege(%s, 'rowgrant.set_user(text)', 'EXECUTE')", [role])
        assert not value(db, "SELECT has_function_privilege(%s, 'rowgrant.remove_member(text,text)', 'EXECUTE')", [role])
        assert not value(db, "SELECT has_function_privilege(%s, 'rowgrant.has_perm(text,text,text,text)', 'EXECUTE')", [role])
        db.execute("DELETE FROM documents WHERE id = 1")
        db.execute("DELETE FROM people WHERE id = 'ann'")
        assert value(db, "SELECT count(*) FROM rowgrant.grant_bigint") == 2
        assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
        assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'").fetchall() == []


def test_default_privileges_of_the_owner_let_nobody_in():
    role = f"regress_default_{uuid.uuid4().hex[:8]}"
    with database_with("") as (_, db):
        db.execute("DROP EXTENSION rowgrant")
        db.execute(f"CREATE ROLE {role}")
        try:
            for kind, right in (("FUNCTIONS", "EXECUTE"), ("TABLES", "ALL"), ("SEQUENCES", "ALL"), ("SCHEMAS", "ALL")):
                db.execute(f"ALTER DEFAULT PRIVILEGES GRANT {right} ON {kind} TO {role}, PUBLIC")
            db.execute("CREATE EXTENSION rowgrant")
            assert not value(db, "SELECT has_schema_privilege(%s, 'rowgrant', 'CREATE')", [role])
            assert value(db, "SELECT has_schema_privilege(%s, 'rowgrant', 'USAGE')", [role])
            assert db.execute("SELECT oid::regclass, relacl FROM pg_class WHERE relnamespace = 'rowgrant'::regnamespace AND relkind IN ('r', 'S') "
                              "AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee <> relowner)").fetchall() == []
            assert not value(db, "SELECT has_function_privilege(%s, 'rowgrant.set_user(text)', 'EXECUTE')", [role])
            assert value(db, "SELECT has_function_privilege(%s, 'rowgrant.has_perm(text,text,text,text)', 'EXECUTE')", [role])
        finally:
            db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
            for kind, right in (("TABLES", "ALL"), ("SEQUENCES", "ALL"), ("SCHEMAS", "ALL")):
                db.execute(f"ALTER DEFAULT PRIVILEGES REVOKE {right} ON {kind} FROM PUBLIC")
