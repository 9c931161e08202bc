"""The known faults of django-guardian 3.3.3: none of them occurs. docs/guardian.md lists them."""

import pytest
from conftest import value


@pytest.fixture
def people(db):
    db.execute("CREATE TABLE users (id integer PRIMARY KEY, active boolean NOT NULL, super boolean NOT NULL DEFAULT false)")
    db.execute("CREATE TABLE groups (id text PRIMARY KEY)")
    db.execute("CREATE TABLE members (u integer, g text, PRIMARY KEY (u, g))")
    db.execute("INSERT INTO users VALUES (1, true), (2, true), (3, false)")
    db.execute("INSERT INTO groups VALUES ('staff'), ('crew')")
    db.execute("INSERT INTO members VALUES (1, 'staff'), (3, 'staff')")
    db.execute("SELECT rowgrant.register_users('users', 'active', 'super'), rowgrant.register_groups('groups')")
    db.execute("SELECT rowgrant.register_membership('members', 'u', 'g')")
    return db


def listed(db, user, perms, object_type="documents", key_type="bigint", **options):
    given = "".join(f", {name} => {setting}" for name, setting in options.items())
    return value(
        db,
        f"SELECT array(SELECT rowgrant.objects_for_user(%s, %s::text[], %s, NULL::{key_type}{given}) ORDER BY 1)",
        [user, perms, object_type],
    )


def test_bulk_grant_to_a_holder_through_a_group_is_written(people):
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 1)")
    assert value(people, "SELECT rowgrant.assign_perms(ARRAY[1], '{view}', 'documents', ARRAY[1, 2])") == 2
    people.execute("DELETE FROM members")
    assert listed(people, 1, ["view"]) == [1, 2]


def test_bulk_grant_to_inactive_users_and_superusers_is_written_and_may_be_repeated(people):
    people.execute("UPDATE users SET super = true WHERE id = 2")
    grant = "SELECT rowgrant.assign_perms(ARRAY[2, 3], '{view}', 'documents', ARRAY[1, 2])"
    assert [value(people, grant), value(people, grant)] == [4, 0]
    people.execute("UPDATE users SET active = true, super = false")
    assert listed(people, 2, ["view"]) == listed(people, 3, ["view"]) == [1, 2]


@pytest.mark.parametrize("globally", ["assign_perm(1", "assign_group_perm('staff'"])
def test_all_of_listing_does_not_over_grant_with_a_group_and_a_global_permission(people, globally):
    people.execute("SELECT rowgrant.assign_group_perms(ARRAY['staff'], '{view}', 'documents', ARRAY[1, 3])")
    people.execute(f"SELECT rowgrant.{globally}, 'change', 'documents')")
    assert listed(people, 1, ["view", "change"]) == [1, 3]
    assert listed(people, 1, ["view", "change", "delete"]) == []
    people.execute("SELECT rowgrant.assign_perm(1, 'delete', 'documents', 2)")
    assert listed(people, 1, ["view", "change", "delete"]) == []
    people.execute("SELECT rowgrant.assign_perm(1, 'delete', 'documents', 1)")
    assert listed(people, 1, ["view", "change", "delete"]) == [1]
    assert listed(people, 1, ["view", "change", "delete"], accept_global_perms=False) == []
    assert listed(people, 1, ["view", "change", "delete"], use_groups=False) == []
    checked = "SELECT array(SELECT id FROM documents WHERE rowgrant.has_perms(1, '{view,change,delete}', 'documents', id))"
    assert value(people, checked) == [1]


@pytest.mark.parametrize("perm", ["view", "publish"])
def test_global_permission_of_a_group_on_another_model_is_not_taken_for_this_one(people, perm):
    people.execute("CREATE TABLE notes (id bigint PRIMARY KEY)")
    people.execute("INSERT INTO notes VALUES (1), (2)")
    people.execute("SELECT rowgrant.protect('notes'), rowgrant.define_perm('notes', 'publish')")
    people.execute("SELECT rowgrant.define_perm('documents', 'publish')")
    people.execute("SELECT rowgrant.assign_group_perm('staff', %s, 'notes')", [perm])
    of_group = "SELECT array(SELECT rowgrant.objects_for_group('staff', %s, %s, NULL::bigint) ORDER BY 1)"
    held = "SELECT rowgrant.group_has_perm('staff', %s, %s, 1)"
    for object_type, keys in [("notes", [1, 2]), ("documents", [])]:
        assert value(people, of_group, [perm, object_type]) == keys
        assert value(people, held, [perm, object_type]) is bool(keys)
        assert listed(people, 1, [perm], object_type) == keys


@pytest.mark.parametrize("superuser", [False, True])
def test_inactive_user_is_refused_and_lists_nothing(people, superuser):
    people.execute("UPDATE users SET super = %s WHERE id = 3", [superuser])
    people.execute("SELECT rowgrant.assign_perm(3, 'view', 'documents', 1), rowgrant.assign_perm(3, 'change', 'documents')")
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 2)")

    def answers():
        return [
            listed(people, 3, ["view"]),
            listed(people, 3, ["change"]),
            listed(people, 3, ["view", "change"], any_perm=True),
            value(people, "SELECT array(SELECT rowgrant.objects_for_user(3, 'view', 'documents', NULL::bigint))"),
            value(people, "SELECT array(SELECT id FROM documents d WHERE rowgrant.has_perm(3, 'view', d))"),
            value(people, "SELECT rowgrant.perms_for_user(3, 'documents', 1)"),
            value(people, "SELECT array(SELECT rowgrant.users_with_perm('view', 'documents', 1, true, true))"),
            value(people, "SELECT array(SELECT user_id FROM rowgrant.users_with_perms('documents', 1, true, true))"),
        ]

    assert answers() == [[]] * 8
    assert not value(people, "SELECT rowgrant.has_perm(3, 'view', 'documents', 1)")
    people.execute("UPDATE users SET active = true WHERE id = 3")
    assert all(answers())


def test_use_groups_false_leaves_out_global_permissions_of_groups(people):
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'documents')")
    assert len(listed(people, 1, ["view"])) == 20
    assert listed(people, 1, ["view"], use_groups=False) == []
    assert listed(people, 1, ["view", "change"], use_groups=False, any_perm=True) == []
    perms = "SELECT rowgrant.perms_for_user(1, 'documents', 1, use_groups => %s)"
    assert [value(people, perms, [groups]) for groups in (True, False)] == [["view"], []]
    people.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents')")
    assert len(listed(people, 1, ["view"], use_groups=False)) == 20


def test_holders_without_groups_are_listed_without_what_groups_hold_superusers_or_not(people):
    people.execute("INSERT INTO users VALUES (4, true, true)")
    people.execute("SELECT rowgrant.assign_group_perm('staff', 'change', 'documents', 1)")
    people.execute("SELECT rowgrant.assign_perm(1, 'view', 'documents', 1)")

    def held(**options):
        given = "".join(f", {name} => {setting}" for name, setting in options.items())
        return dict(people.execute(f"SELECT * FROM rowgrant.users_with_perms('documents', 1{given})").fetchall())

    everything = ["add", "change", "delete", "view"]
    assert held() == {"1": ["change", "view"]}
    assert held(with_group_users=False) == {"1": ["view"]}
    assert held(with_group_users=False, with_superusers=True) == {"1": ["view"], "4": everything}


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
    # Two permissions, all of them or any, and a group's list go other ways in guardian.
    db.execute("SELECT rowgrant.assign_perm(1, 'change', 'things', %s)", [key])
    db.execute("SELECT rowgrant.assign_group_perm('staff', 'view', 'things', %s)", [other])
    assert len(listed(db, 1, ["view", "change"], "things", key_type)) == 1
    assert len(listed(db, 1, ["view", "delete"], "things", key_type, any_perm=True)) == 1
    for perms, any_perm, number in [(["view"], False, 1), (["view", "change"], True, 1), (["view", "change"], False, 0)]:
        of_group = f"SELECT count(*) FROM rowgrant.objects_for_group('staff', %s::text[], 'things', NULL::{key_type}, %s)"
        assert value(db, of_group, [perms, any_perm]) == number


def test_uuid_in_capitals_is_the_same_key(db):
    key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    spellings = [key, key.upper(), "{" + key.upper() + "}", key.replace("-", "")]
    db.execute("CREATE TABLE things (id uuid PRIMARY KEY)")
    db.execute("CREATE TABLE users (id uuid PRIMARY KEY)")
    db.execute("INSERT INTO things VALUES (%s)", [key])
    db.execute("INSERT INTO users VALUES (%s)", [key])
    db.execute("SELECT rowgrant.protect('things'), rowgrant.register_users('users')")
    for granted in spellings:
        assert value(db, "SELECT rowgrant.assign_perm(%s, 'view', 'things', %s)", [granted, granted])
        for asked in spellings:
            assert value(db, "SELECT rowgrant.has_perm(%s, 'view', 'things', %s)", [asked, asked]), (granted, asked)
            assert value(db, "SELECT rowgrant.has_perm(%s, 'view', t) FROM things t", [asked]), (granted, asked)
            assert len(listed(db, asked, ["view"], "things", "uuid")) == 1
        # Granted in capitals and revoked without.
        assert value(db, "SELECT rowgrant.remove_perm(%s, 'view', 'things', %s)", [key, key]), granted


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

    def counted(statement):
        """Scans of the whole table of grants, rows that they read, and rows deleted."""
        counters = (
            "SELECT seq_scan, seq_tup_read, n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE relid = 'rowgrant.grant_bigint'::regclass"
        )
        # In one transaction, because a session hands its counters over between two.
        with db.transaction():
            before = db.execute(counters).fetchone()
            db.execute(statement)
            return tuple(b - a for a, b in zip(before, db.execute(counters).fetchone()))

    assert counted("DELETE FROM documents WHERE id = 4711") == (0, 0, 2)
    assert counted("DELETE FROM documents WHERE id BETWEEN 101 AND 110") == (0, 0, 20)
    assert counted("UPDATE documents SET id = 90000 WHERE id = 4712")[:2] == (0, 0)
    assert counted("SELECT rowgrant.remove_perm(1, 'view', 'documents', 6000)") == (0, 0, 1)
    assert counted("SELECT rowgrant.remove_perms(ARRAY[1, 2], '{view}', 'documents', ARRAY[6001, 6002])") == (0, 0, 4)
    # The counters count.
    assert counted("SELECT count(*) FROM rowgrant.grant_bigint") == (1, 40000 - 2 - 20 - 1 - 4, 0)


def test_text_of_a_query_does_not_grow_with_the_number_of_objects(people):
    statements = [
        "SELECT id FROM documents WHERE id = ANY (%s) AND id IN"
        " (SELECT rowgrant.objects_for_user(1, '{view,change,delete}'::text[], 'documents', NULL::bigint))",
        "SELECT id FROM documents WHERE id = ANY (%s)"
        " AND rowgrant.has_perms(1, '{view,change,delete}', 'documents', id)",
    ]
    people.execute("INSERT INTO documents SELECT generate_series(21, 6000)")
    for keys in ([1, 2, 3], list(range(1, 5001))):
        people.execute("SELECT rowgrant.assign_group_perms(ARRAY['staff'], '{view,change}', 'documents', %s::int[])", [keys])
        people.execute("SELECT rowgrant.assign_perms(ARRAY[1], '{delete}', 'documents', %s::int[])", [keys[1:]])
        for statement in statements:
            found = people.execute(statement, [list(range(1, 6001))], prepare=True).fetchall()
            assert sorted(found) == [(key,) for key in keys[1:]]
    # The statements that were prepared for 2 objects answered for 4,999.
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%documents WHERE%'"
    assert value(people, prepared) == len(statements)
