"""A hot standby answers every question as the primary does, and follows it."""

import time

import psycopg
import pytest
import servers
from conftest import connect, value


@pytest.fixture(scope="module")
def standby():
    """The socket folder of a standby of the test server."""
    with servers.folder() as folder:
        servers.call("pg_basebackup", "-D", folder / "data", "-R", "-c", "fast", "-X", "stream")
        servers.start(folder, "-c max_prepared_transactions=8 -c wal_level=logical")
        yield folder


def follow(db, copy):
    """Waits until the standby has replayed all that the primary has written."""
    position = value(db, "SELECT pg_current_wal_flush_lsn()")
    for _ in range(500):
        if value(copy, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [position]):
            return
        time.sleep(0.02)
    raise AssertionError("the standby does not follow")


QUESTIONS = [
    "SELECT rowgrant.has_perm(1, 'view', 'documents', 3), rowgrant.has_perm(1, 'view', 'documents')",
    "SELECT id FROM documents d WHERE rowgrant.has_perm(1, 'change', d)",
    "SELECT rowgrant.has_perms(1, '{view,change}', 'documents', 3), rowgrant.group_has_perm('g', 'change', 'documents', 4)",
    "SELECT rowgrant.objects_for_user(1, 'view', 'documents', NULL::bigint)",
    "SELECT id FROM rowgrant.objects_for_user(1, 'view', NULL::documents)",
    "SELECT rowgrant.objects_for_user(1, '{view,change}'::text[], 'documents', NULL::text, any_perm => true)",
    "SELECT rowgrant.objects_for_group('above', 'change', 'documents', NULL::bigint)",
    "SELECT rowgrant.perms_for_user(1, 'documents', 4), rowgrant.perms_for_group('g', 'documents', 4)",
    "SELECT * FROM rowgrant.explain_perm(1, 'change', 'documents', 4)",
    "SELECT rowgrant.users_with_perm('change', 'documents', 4)",
    "SELECT * FROM rowgrant.users_with_perms('documents', 3)",
    "SELECT * FROM rowgrant.groups_with_perms('documents', 4)",
    "SELECT * FROM rowgrant.orphans()",
    "SELECT * FROM rowgrant.doctor()",
    "SELECT rowgrant.model()",
    "SELECT * FROM rowgrant.apply_model('{\"object_types\": {}}', dry_run => true)",
]


def answers(db):
    found = []
    for question in QUESTIONS:
        with db.transaction():
            db.execute("SET TRANSACTION READ ONLY")
            found.append(sorted(map(str, db.execute(question).fetchall())))
            assert value(db, "SELECT pg_is_in_recovery() OR pg_current_xact_id_if_assigned() IS NULL")
    with db.transaction():
        db.execute("SET TRANSACTION READ ONLY")
        db.execute("SELECT rowgrant.set_user(1)")
        found.append(db.execute("SELECT id FROM documents d WHERE rowgrant.can('view', d)").fetchall())
    return found


def test_a_standby_answers_and_follows(standby, database, db):
    db.execute("SELECT rowgrant.add_member('g', 1), rowgrant.add_subgroup('above', 'g')")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1], '{view}', 'documents', ARRAY[1, 2, 3])")
    db.execute("SELECT rowgrant.assign_group_perm('above', 'change', 'documents', 4)")
    with connect("postgres", host=str(standby)) as any_database:
        follow(db, any_database)
    with connect(database, host=str(standby)) as copy:
        assert value(copy, "SELECT pg_is_in_recovery()")
        assert answers(copy) == answers(db)
        assert len(answers(copy)[3]) == 3
        # Grants, revokes, names and memberships are followed, by a backend that remembers the former ones.
        db.execute("SELECT rowgrant.remove_perm(1, 'view', 'documents', 2), rowgrant.assign_perm(1, 'view', 'documents', 9)")
        db.execute("SELECT rowgrant.define_perm('documents', 'view', '{delete}'), rowgrant.remove_subgroup('above', 'g')")
        db.execute("CREATE TABLE notes (id integer PRIMARY KEY)")
        db.execute("SELECT rowgrant.protect('notes', 'remarks')")
        follow(db, copy)
        assert answers(copy) == answers(db)
        assert not value(copy, "SELECT rowgrant.has_perm(1, 'view', 'documents', 2)")
        assert value(copy, "SELECT rowgrant.has_perm(1, 'delete', 'documents', 9)")
        assert not value(copy, "SELECT rowgrant.has_perm(1, 'view', 'remarks')")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            copy.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 1)")
