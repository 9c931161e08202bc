"""pg_upgrade keeps names, grants and answers. Runs where ROWGRANT_UPGRADE_TO names the pg_config of a
newer PostgreSQL that has the extension too, as in tests/matrix."""

import os
import pathlib
import re
import subprocess

import pytest
import servers
from conftest import connect, value

UPGRADE_TO = os.environ.get("ROWGRANT_UPGRADE_TO")

# One table for each type of key, with two of its values.
KEYS = {
    "smallint": ("7", "-8"),
    "integer": ("7", "8"),
    "bigint": ("9223372036854775807", "8"),
    "positive": ("7", "8"),
    "uuid": ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "text": ('it\'s "x"\ny\\', ""),
    "varchar(20)": ("Ab", "ab"),
    "char(5)": ("ab", "c"),
    "citext": ("AbC", "d"),
    "name": ("abc", "d"),
    "inet": ("10.0.0.1", "::1"),
    "cidr": ("10.0.0.0/8", "11.0.0.0/8"),
    "macaddr": ("08:00:2b:01:02:03", "08:00:2b:01:02:04"),
    "date": ("2024-02-03", "infinity"),
    "time": ("10:00:00", "11:00:00"),
    "timestamptz": ("2024-02-03 10:00+00", "-infinity"),
    "timestamp": ("2024-02-03 10:00", "2024-02-04 10:00"),
    "interval": ("1 month", "-26 hours"),
    "numeric": ("7.00", "1e20"),
    "float8": ("0.1", "-0"),
    "float4": ("0.1", "1e30"),
    "mood": ("sad", "ok"),
    "bytea": ("\\x00ff", "\\x"),
    "ltree": ("a.b", "c"),
    "boolean": ("t", "f"),
    "integer[]": ("{1,2}", "{}"),
    "int4range": ("[1,5)", "empty"),
    "pg_lsn": ("0/1", "1/0"),
    "oid": ("12", "13"),
}
USERS = ["1", "2", "3", "4", "5", None]


def fill(db):
    db.execute("CREATE EXTENSION rowgrant")
    db.execute("CREATE EXTENSION citext; CREATE EXTENSION ltree")
    db.execute("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0)")
    # The columns that are dropped are in the way of whoever counts on their numbers.
    db.execute("CREATE TABLE users (gone text, id integer PRIMARY KEY, is_active boolean, is_superuser boolean)")
    db.execute("ALTER TABLE users DROP COLUMN gone")
    db.execute("INSERT INTO users SELECT i, i <> 3, i = 4 FROM generate_series(1, 5) i")
    db.execute("CREATE TABLE groups (id uuid PRIMARY KEY)")
    db.execute("INSERT INTO groups SELECT ('00000000-0000-0000-0000-00000000000' || i)::uuid FROM generate_series(1, 4) i")
    db.execute("CREATE TABLE members (user_id integer REFERENCES users, group_id uuid REFERENCES groups, PRIMARY KEY (user_id, group_id))")
    db.execute("SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser')")
    db.execute("SELECT rowgrant.register_groups('groups')")
    db.execute("SELECT rowgrant.register_membership('members', 'user_id', 'group_id')")
    db.execute("INSERT INTO members SELECT 2, id FROM groups WHERE id::text LIKE '%1'")
    db.execute("SELECT rowgrant.add_member(id, 5) FROM groups WHERE id::text LIKE '%2'")
    db.execute("SELECT rowgrant.add_subgroup(p.id, c.id) FROM groups p, groups c WHERE p.id::text LIKE '%3' AND c.id::text NOT LIKE '%3'")
    for number, (key_type, keys) in enumerate(KEYS.items()):
        db.execute(f"CREATE TABLE k{number} (id {key_type} PRIMARY KEY, owner integer)")
        db.execute(f"SELECT rowgrant.protect('k{number}', owner_column => 'owner')")
        db.execute(f"SELECT rowgrant.define_perm('k{number}', 'editor', '{{view,change}}')")
        for key, owner in zip(keys, [None, 2]):
            db.execute(f"INSERT INTO k{number} VALUES (%s, %s)", [key, owner])
        db.execute(f"SELECT rowgrant.assign_perm(1, 'editor', k) FROM k{number} k WHERE owner = 2")
        db.execute(f"SELECT rowgrant.assign_perm(3, 'view', k, 'infinity') FROM k{number} k")
        db.execute(f"SELECT rowgrant.assign_group_perm(g.id, 'delete', k) FROM k{number} k, groups g WHERE g.id::text LIKE '%3' AND owner IS NULL")
        db.execute(f"SELECT rowgrant.assign_group_perm('everyone', 'view', k) FROM k{number} k WHERE owner IS NULL")
        if number % 3 == 0:
            db.execute(f"SELECT rowgrant.assign_perm(5, 'add', 'k{number}')")
    db.execute("CREATE TABLE lines (order_id integer, sku text, PRIMARY KEY (order_id, sku))")
    db.execute("INSERT INTO lines VALUES (1, 'a b'), (2, '')")
    db.execute("SELECT rowgrant.protect('lines')")
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'lines', ROW(1, 'a b'))")
    db.execute("CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY HASH (id)")
    db.execute("CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
    db.execute("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1)")
    db.execute("INSERT INTO parts SELECT generate_series(1, 10)")
    db.execute("SELECT rowgrant.protect('parts')")
    db.execute("SELECT rowgrant.assign_perm(1, 'view', p) FROM parts p WHERE id > 5")
    db.execute("SELECT rowgrant.define_object_type('page', 'uuid', '{view}')")
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'page', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')")


def tables():
    return [f"k{number}" for number in range(len(KEYS))] + ["lines", "parts"]


def answers(db):
    """What everybody holds on every row, which rows he may view, and how."""
    found = {"model": value(db, "SELECT rowgrant.model()")}
    for table in tables():
        for user in USERS:
            found[table, user] = db.execute(
                f"SELECT t::text, rowgrant.has_perm(%(user)s::text, 'view', t), rowgrant.has_perm(%(user)s::text, 'delete', t), "
                f"rowgrant.has_perm(%(user)s::text, 'add', '{table}'), "
                f"t IN (SELECT rowgrant.objects_for_user(%(user)s::text, 'view', NULL::{table})) FROM {table} t ORDER BY 1",
                {"user": user}).fetchall()
    for number in range(len(KEYS)):
        table = f"k{number}"
        found[table, "who"] = db.execute(
            f"SELECT id::text, rowgrant.users_with_perms('{table}', id::text)::text, "
            f"(SELECT array_agg(e::text ORDER BY e::text) FROM rowgrant.explain_perm('5', 'delete', '{table}', id::text) e), "
            f"(SELECT array_agg(e::text ORDER BY e::text) FROM rowgrant.groups_with_perms('{table}', id::text) e) "
            f"FROM {table} ORDER BY 1, 2").fetchall()
    found["page"] = value(db, "SELECT rowgrant.has_perm(1, 'view', 'page', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')")
    return found


def initdb(bindir, data, *options):
    servers.call(bindir / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", *options)


@pytest.mark.skipif(not UPGRADE_TO, reason="ROWGRANT_UPGRADE_TO names no pg_config of a newer PostgreSQL")
def test_pg_upgrade_keeps_names_grants_and_answers(monkeypatch):
    monkeypatch.setenv("PGUSER", "postgres")
    bindir = pathlib.Path(subprocess.check_output([UPGRADE_TO, "--bindir"], text=True).strip())
    version = int(re.search(r"\d+", subprocess.check_output([UPGRADE_TO, "--version"], text=True))[0])
    with servers.folder() as folder:
        monkeypatch.setenv("PGHOST", str(folder))
        initdb(servers.BIN, folder / "data")
        servers.start(folder)
        with connect("postgres") as db:
            db.execute("CREATE DATABASE app")
            before_version = value(db, "SHOW server_version_num")
        with connect("app") as db:
            fill(db)
            before = answers(db)
            assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity <> 'info'").fetchall() == []
            grants = {table: value(db, f"SELECT count(*) FROM {table}") for table in ("rowgrant.grant_bigint", "rowgrant.grant_uuid", "rowgrant.grant_text")}
            assert all(grants.values())
        servers.call("pg_ctl", "stop", "-D", folder / "data", "-m", "fast", "-w", "-s")
        (folder / "data").rename(folder / "old")
        # Since 18 a new server has checksums, which the former did not.
        initdb(bindir, folder / "data", *(["--no-data-checksums"] if version >= 18 else []))
        servers.call(bindir / "pg_upgrade", "-b", servers.BIN, "-B", bindir, "-d", folder / "old", "-D", folder / "data",
                     "-U", "postgres", "-s", folder, cwd=folder)
        monkeypatch.setattr(servers, "BIN", bindir)
        servers.start(folder)
        with connect("app") as db:
            assert value(db, "SHOW server_version_num") > before_version
            assert answers(db) == before
            assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity <> 'info'").fetchall() == []
            assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
            assert {table: value(db, f"SELECT count(*) FROM {table}") for table in grants} == grants
            # It goes on: names get new ids, and deleting takes grants along.
            assert value(db, "SELECT rowgrant.assign_perm(2, 'change', 'parts', 3)")
            db.execute("CREATE TABLE later (id integer PRIMARY KEY)")
            db.execute("INSERT INTO later VALUES (1)")
            db.execute("SELECT rowgrant.protect('later')")
            assert value(db, "SELECT rowgrant.assign_perm(2, 'view', 'later', 1)")
            assert not value(db, "SELECT rowgrant.has_perm(1, 'view', 'later', 1)")
            for table in [*tables(), "later"]:
                db.execute(f"DELETE FROM {table}")
            db.execute("SELECT rowgrant.unprotect('page', true)")
            assert not any(value(db, f"SELECT count(*) FROM {table}") for table in grants)
            db.execute("DELETE FROM members; DELETE FROM users; DELETE FROM groups")
            assert value(db, "SELECT count(*) FROM rowgrant.subgroup") == 0
            assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity <> 'info'").fetchall() == []
