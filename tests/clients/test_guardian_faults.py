"""The known faults of django-guardian 3.3.3: none of them occurs. docs/guardian.md lists them."""

import pytest
from conftest import value


@pytest.fixture
def people(db):
    db.execute("CREATE TABLE users (id integer PRIMARY KEY, active boolean NOT NULL)")
    db.execute("CREATE TABLE groups (id text PRIMARY KEY)")
    db.execute("CREATE TABLE members (u integer, g text, PRIMARY KEY (u, g))")
    db.execute("INSERT INTO users VALUES (1, true), (2, true), (3, false)")
    db.execute("INSERT INTO groups VALUES ('staff'), ('crew')")
    db.execute("INSERT INTO members VALUES (1, 'staff'), (3, 'staff')")
    db.execute("SELECT rowgrant.register_users('users', 'active'), rowgrant.register_groups('groups')")
    db.execute("SELECT rowgrant.register_membership('members', 'u', 'g')")
    return db


def listed(db, user, perms, **options):
    given = "".join(f", {name} => {setting}" for name, setting in options.items())
    return value(
        db,
        "SELECT array(SELECT rowgrant.objects_for_user(%s, %s::text[], 'documents', NULL::bigint"
        f"{given}) ORDER BY 1)",
        [user, perms],
    )


def test_bulk_grant_to_a_holder_through_a_group_is_written(people):
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 1)")
    assert value(people, "SELECT rowgrant.assign_perms(ARRAY[1], '{view}', 'documents', ARRAY[1, 2])") == 2
    people.execute("DELETE FROM members")
    assert listed(people, 1, ["view"]) == [1, 2]


def test_all_of_listing_does_not_over_grant_with_a_group_and_a_global_permission(people):
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 1)")
    people.execute("SELECT rowgrant.assign_perm(1, 'change', 'documents')")
    assert listed(people, 1, ["view", "change", "delete"]) == []
    people.execute("SELECT rowgrant.assign_perm(1, 'delete', 'documents', 2)")
    assert listed(people, 1, ["view", "change", "delete"]) == []
    people.execute("SELECT rowgrant.assign_perm(1, 'delete', 'documents', 1)")
    assert listed(people, 1, ["view", "change", "delete"]) == [1]


def test_global_permission_of_a_group_on_another_model_is_not_taken_for_this_one(people):
    people.execute("CREATE TABLE notes (id bigint PRIMARY KEY)")
    people.execute("SELECT rowgrant.protect('notes'), rowgrant.assign_group_perm('staff', 'view', 'notes')")
    assert value(people, "SELECT count(*) FROM rowgrant.objects_for_group('staff', 'view', 'documents', NULL::bigint)") == 0
    assert listed(people, 1, ["view"]) == []


def test_inactive_user_is_refused_and_lists_nothing(people):
    people.execute("SELECT rowgrant.assign_perm(3, 'view', 'documents', 1), rowgrant.assign_perm(3, 'view', 'documents')")
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 2)")
    assert listed(people, 3, ["view"]) == []
    assert not value(people, "SELECT rowgrant.has_perm(3, 'view', 'documents', 1)")
    assert value(people, "SELECT array(SELECT rowgrant.users_with_perm('view', 'documents', 1))") == []
    people.execute("UPDATE users SET active = true WHERE id = 3")
    assert len(listed(people, 3, ["view"])) == 20


def test_use_groups_false_leaves_out_global_permissions_of_groups(people):
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents')")
    assert len(listed(people, 1, ["view"])) == 20
    assert listed(people, 1, ["view"], use_groups=False) == []
    people.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents')")
    assert len(listed(people, 1, ["view"], use_groups=False)) == 20


@pytest.mark.parametrize(
    ("key_type", "key", "other"),
    [
        ("inet", "10.0.0.1", "10.0.0.1/32"),
        ("inet", "2001:db8::1", "2001:DB8:0::1"),
        ("timestamptz", "2024-01-01 10:00:00+00:00", "2024-01-01 12:00:00.000+02"),
    ],
)
def test_inet_and_timestamptz_keys_are_listed(db, key_type, key, other):
    db.execute(f"CREATE TABLE things (id {key_type} PRIMARY KEY)")
    db.execute("INSERT INTO things VALUES (%s)", [key])
    db.execute("SELECT rowgrant.protect('things'), rowgrant.assign_perm(1, 'view', 'things', %s)", [other])
    db.execute("SET TIME ZONE 'Asia/Tokyo'")
    assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'things', %s)", [key])
    rows = f"SELECT count(*) FROM things WHERE id IN (SELECT rowgrant.objects_for_user(1, 'view', 'things', NULL::{key_type}))"
    assert value(db, rows) == 1
    assert value(db, "SELECT count(*) FROM rowgrant.objects_for_user(1, 'view', NULL::things)") == 1


def test_uuid_in_capitals_is_the_same_key(db):
    key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    db.execute("CREATE TABLE things (id uuid PRIMARY KEY)")
    db.execute("INSERT INTO things VALUES (%s)", [key])
    db.execute("SELECT rowgrant.protect('things'), rowgrant.assign_perm(1, 'view', 'things', %s)", [key.upper()])
    assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'things', %s)", [key])
    assert value(db, "SELECT rowgrant.has_perm(1, 'view', t) FROM things t")
    assert value(db, "SELECT count(*) FROM rowgrant.objects_for_user(1, 'view', 'things', NULL::uuid)") == 1


def test_batched_orphan_cleaning_misses_nothing(db):
    db.execute("INSERT INTO documents SELECT generate_series(21, 1020)")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 2], '{view}', 'documents', ARRAY(SELECT id FROM documents))")
    # Deleted in batches, nothing is left to clean.
    for first in range(21, 521, 100):
        db.execute("DELETE FROM documents WHERE id BETWEEN %s AND %s", [first, first + 99])
    assert value(db, "SELECT count(*) FROM rowgrant.orphans()") == 0
    # Deleted unseen, every one of them is found, whatever the size of the batch.
    db.execute("SET session_replication_role = replica")
    db.execute("DELETE FROM documents WHERE id > 520")
    db.execute("RESET session_replication_role")
    assert value(db, "SELECT sum(grants)::int FROM rowgrant.orphans()") == 1000
    removed = []
    while not removed or removed[-1]:
        removed.append(value(db, "SELECT rowgrant.clean_orphans(max_rows => 70)"))
    assert sum(removed) == 1000 and set(removed[:-2]) == {70}
    assert value(db, "SELECT count(*) FROM rowgrant.orphans()") == 0
    assert value(db, "SELECT count(*) FROM rowgrant.grant_bigint") == 40


def test_deleting_an_object_does_not_scan_the_table_of_grants(db):
    db.execute("INSERT INTO documents SELECT generate_series(21, 20000)")
    db.execute("SELECT rowgrant.assign_perms(ARRAY[1, 2], '{view}', 'documents', ARRAY(SELECT id FROM documents))")
    db.execute("ANALYZE rowgrant.grant_bigint")
    scans = (
        "SELECT pg_stat_get_xact_numscans('rowgrant.grant_bigint'::regclass),"
        " pg_stat_get_xact_numscans('rowgrant.grant_bigint_pkey'::regclass)"
    )
    with db.transaction():
        before = db.execute(scans).fetchone()
        db.execute("DELETE FROM documents WHERE id BETWEEN 101 AND 110")
        after = db.execute(scans).fetchone()
    assert after[0] == before[0]
    assert after[1] >= before[1] + 10
    assert value(db, "SELECT count(*) FROM rowgrant.grant_bigint") == 39980


def test_text_of_a_query_does_not_grow_with_the_number_of_objects(people):
    people.execute("INSERT INTO documents SELECT generate_series(21, 5000)")
    people.execute(
        "SELECT rowgrant.assign_group_perms(ARRAY['staff'], '{view,change}', 'documents', ARRAY(SELECT id FROM documents))"
    )
    people.execute("SELECT rowgrant.assign_perms(ARRAY[1], '{delete}', 'documents', ARRAY(SELECT id FROM documents WHERE id > 1000))")
    # The statement that is sent is the same for any number, and so is what runs within it.
    with people.transaction(), people.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM rowgrant.objects_for_user(%s, %s::text[], 'documents', NULL::bigint)",
            [1, ["view", "change", "delete"]],
        )
        assert cursor.fetchone()[0] == 4000
        cursor.execute("SELECT max(length(query)) FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        assert cursor.fetchone()[0] < 200
