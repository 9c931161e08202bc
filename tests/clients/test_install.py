"""Where the extension can be installed, and what an operator may do to its tables."""

import uuid

import psycopg
import pytest

from conftest import connect, value


def test_a_database_of_another_encoding_is_refused():
    name = f"rowgrant_latin_{uuid.uuid4().hex[:12]}"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
        try:
            with connect(name) as db, pytest.raises(psycopg.errors.FeatureNotSupported, match="LATIN1"):
                db.execute("CREATE EXTENSION rowgrant")
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("step", ["REINDEX SCHEMA CONCURRENTLY rowgrant", "VACUUM FULL", "REINDEX SCHEMA rowgrant",
                                  "CLUSTER rowgrant.grant_bigint USING grant_bigint_pkey"])
def test_open_sessions_go_on_after_maintenance(db, other, step):
    db.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 7), rowgrant.assign_group_perm('g', 'change', 'documents', 8)")
    db.execute("SELECT rowgrant.add_member('g', 1)")
    questions = """SELECT rowgrant.has_perm(1, 'view', 'documents', 7), rowgrant.has_perm(1, 'change', 'documents', 8),
                          ARRAY(SELECT rowgrant.objects_for_user(1, 'change', 'documents', NULL::bigint))"""
    assert other.execute(questions).fetchone() == (True, True, [8])
    db.execute(step)
    assert other.execute(questions).fetchone() == (True, True, [8])
    assert value(other, "SELECT rowgrant.assign_perm(2, 'view', 'documents', 9)")
    other.execute("DELETE FROM documents WHERE id = 7")
    assert not value(other, "SELECT rowgrant.has_perm(1, 'view', 'documents', 7)")
