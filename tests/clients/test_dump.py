"""A dump holds names and grants, and restores to the same answers."""

import os
import subprocess

from conftest import connect, value


def test_a_dump_restores_names_grants_and_triggers(database, db, tmp_path):
    db.execute("CREATE TABLE people (id text PRIMARY KEY, active boolean)")
    db.execute("INSERT INTO people VALUES ('ann', true), ('bob', true)")
    db.execute("SELECT rowgrant.register_users('people', active_column => 'active')")
    db.execute("SELECT rowgrant.define_perm('documents', 'editor', '{view,change}')")
    db.execute("SELECT rowgrant.assign_perm('ann', 'editor', 'documents', 7)")
    db.execute("SELECT rowgrant.assign_group_perm('everyone', 'view', 'documents', 8)")
    db.execute("SELECT rowgrant.assign_perm('bob', 'delete', 'documents')")
    questions = ("SELECT array_agg(rowgrant.has_perm(u, p, 'documents', k) ORDER BY u, p, k) "
                 "FROM unnest('{ann,bob,NULL}'::text[]) u, unnest('{view,change,delete}'::text[]) p, unnest('{7,8,9}'::int[]) k")
    before = value(db, questions)
    assert True in before and False in before
    dump = tmp_path / "dump.sql"
    subprocess.run(["pg_dump", "-d", database, "-f", dump], check=True, env=os.environ)
    restored = database + "_restored"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {restored}")
    try:
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", restored, "-f", dump], check=True, env=os.environ)
        with connect(restored) as copy:
            assert value(copy, questions) == before
            assert value(copy, "SELECT rowgrant.assign_perm('ann', 'view', 'documents', 1)")
            copy.execute("SELECT rowgrant.define_perm('documents', 'reviewer', '{view}')")
            copy.execute("DELETE FROM documents")
            copy.execute("DELETE FROM people")
            assert value(copy, "SELECT count(*) FROM rowgrant.grant_bigint") == 0
            assert value(copy, "SELECT count(*) FROM rowgrant.model_grant") == 0
    finally:
        with connect("postgres") as admin:
            admin.execute(f"DROP DATABASE {restored} WITH (FORCE)")
