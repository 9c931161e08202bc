"""A real Django project with django-guardian moves over: every answer of both is compared.

What rowgrant should answer is worked out from what Django and guardian answer, by rules that are
named and counted; there is no difference but those.
"""

import json
import os
import pathlib
import subprocess
import sys
from collections import Counter

import pytest
from conftest import connect

HERE = pathlib.Path(__file__).parent
SEEDS = [int(os.environ["ROWGRANT_SEED"])] if "ROWGRANT_SEED" in os.environ else [1, 2, 3]
OTHER_KEYS = {"host", "event"}


def run(name, users, *arguments, **environment):
    command = [sys.executable, "-m", "guardian_project.run", *map(str, arguments)]
    environment = {**os.environ, "ROWGRANT_DATABASE": name, "ROWGRANT_USER_MODEL": users, **environment}
    return subprocess.run(command, cwd=HERE, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module", params=[(users, seed) for users in ("int", "uuid") for seed in SEEDS], ids=str)
def project(request):
    """A filled project that has moved over: its connection, the answers before, and the import's rows."""
    users, seed = request.param
    name = f"rowgrant_guardian_{users}_{seed}"
    with connect("postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
    run(name, users, "fill", seed)
    answers = json.loads(run(name, users, "answers"))
    with connect(name) as db:
        db.execute("CREATE EXTENSION rowgrant")
        orphans = count_orphans(db, answers)
        imported = db.execute("SELECT * FROM rowgrant.import_guardian()").fetchall()
        yield db, name, users, answers, orphans, imported
    with connect("postgres") as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def count_orphans(db, answers):
    """Rows of guardian's generic tables without an object, by model."""
    found = Counter()
    for table in ("guardian_userobjectpermission", "guardian_groupobjectpermission"):
        for model, key in db.execute(
            f"SELECT c.model, g.object_pk FROM {table} g JOIN django_content_type c ON c.id = g.content_type_id"
        ):
            found[model] += key not in answers["models"][model]["pks"]
    return found


class Expected:
    """What rowgrant should answer, and how often each rule was needed."""

    def __init__(self, answers, group_models):
        self.answers = answers
        self.rules = Counter()
        self.group_models = group_models
        self.users = {user["pk"]: user for user in answers["users"]}
        self.anonymous = next(u["pk"] for u in answers["users"] if u["username"] == "AnonymousUser")

    def model_level(self, user, model, perm):
        if user == "null":
            # Django's AnonymousUser holds no permission on a model; guardian's row for it may.
            return self.answers["of_user"][self.anonymous][model]["model"][perm]
        return self.answers["of_user"][user][model]["model"][perm]

    def holds(self, user, model, perm, key):
        """guardian's has_perm with an object leaves model-level permissions out; its lists do not."""
        on_object = self.answers["of_user"][user][model]["objects"][perm][key]
        on_model = self.model_level(user, model, perm)
        self.rules["model_level_counts_for_objects"] += on_model and not on_object
        return on_object or on_model

    def keys(self, user, model, perm):
        held = {k for k in self.answers["models"][model]["pks"] if self.holds(user, model, perm, k)}
        listed = set(self.answers["of_user"][user][model]["listed"][perm])
        if listed != held:
            rule = self.list_rule(user, model, listed, held)
            assert rule, (user, model, perm, sorted(listed), sorted(held))
            self.rules[rule] += 1
        return held

    def list_rule(self, user, model, listed, held):
        if user != "null" and not self.users[user]["active"] and not held:
            return "inactive_user_listed"
        if model in OTHER_KEYS and listed < held:
            return "keys_of_other_types_not_listed"
        return None

    def users_with_perms(self, model, key):
        """guardian leaves out holders at model level, and shows inactive users with nothing."""
        guardian = self.answers["of_object"][model][key]["users"]
        perms = self.answers["models"][model]["permissions"]
        found = {}
        for pk, user in self.users.items():
            held = {perm for perm in perms if self.holds(pk, model, perm, key)}
            if not user["active"]:
                self.rules["inactive_users_are_not_shown"] += pk in guardian
                assert not held and not guardian.get(pk)
            elif user["superuser"]:
                self.rules["superusers_when_asked_for"] += pk not in guardian
                assert held == set(perms)
            else:
                by_model = {perm for perm in perms if self.model_level(pk, model, perm)}
                assert held == set(guardian.get(pk, [])) | by_model, (pk, model, key)
            if held:
                found[pk] = held
        return found

    def group_perms(self, group, model, key):
        on_object = set(self.answers["of_group"][group][model]["perms"][key])
        on_model = self.group_models.get((group, model), set())
        return on_object | on_model


def expected_of(db, answers):
    group_models = {}
    for group, model, codename in db.execute(
        "SELECT group_id::text, c.model, p.codename FROM auth_group_permissions g JOIN auth_permission p ON p.id = g.permission_id"
        " JOIN django_content_type c ON c.id = p.content_type_id"
    ):
        group_models.setdefault((group, model), set()).add(codename)
    return Expected(answers, group_models)


def models(answers):
    return answers["models"].items()


def test_every_answer_is_that_of_guardian_but_for_its_faults(project):
    db, _, _, answers, _, _ = project
    expected = expected_of(db, answers)
    for user in [*expected.users, "null"]:
        given = None if user == "null" else user
        for model, about in models(answers):
            table, keys, perms = about["db_table"], about["pks"], about["permissions"]
            held = db.execute(
                "SELECT p, k, rowgrant.has_perm(%s, p, %s, k) FROM unnest(%s::text[]) p, unnest(%s::text[]) k",
                [given, table, perms, keys],
            ).fetchall()
            assert {(p, k): h for p, k, h in held} == {
                (p, k): expected.holds(user, model, p, k) for p in perms for k in keys
            }, (user, model)
            for perm in perms:
                listed = keys_listed(db, "objects_for_user", given, perm, about)
                assert listed == expected.keys(user, model, perm), (user, model, perm)
            for key, names in db.execute(
                "SELECT k, rowgrant.perms_for_user(%s, %s, k) FROM unnest(%s::text[]) k", [given, table, keys]
            ):
                assert set(names) & set(perms) == {p for p in perms if expected.holds(user, model, p, key)}
    # A rule that nothing needed could hide that the test looks at nothing.
    for rule in ("model_level_counts_for_objects", "inactive_user_listed", "keys_of_other_types_not_listed"):
        assert expected.rules[rule] > 0, rule


def test_holders_are_those_of_guardian_but_for_its_faults(project):
    db, _, _, answers, _, _ = project
    expected = expected_of(db, answers)
    for model, about in models(answers):
        perms = set(about["permissions"])
        for key in about["pks"]:
            users = db.execute(
                "SELECT * FROM rowgrant.users_with_perms(%s, %s, with_superusers => true)", [about["db_table"], key]
            )
            found = {user: set(names) & perms for user, names in users}
            assert found == expected.users_with_perms(model, key), (model, key)
            groups = db.execute("SELECT * FROM rowgrant.groups_with_perms(%s, %s)", [about["db_table"], key])
            found = {group: set(names) & perms for group, names in groups}
            held = {g: expected.group_perms(g, model, key) for g in answers["of_group"]}
            assert found == {group: names for group, names in held.items() if names}, (model, key)
        for group in answers["of_group"]:
            for perm in perms:
                listed = keys_listed(db, "objects_for_group", group, perm, about)
                held = {k for k in about["pks"] if perm in expected.group_perms(group, model, k)}
                assert listed == held, (group, model, perm)
                assert set(answers["of_group"][group][model]["listed"][perm]) == held
    for rule in ("inactive_users_are_not_shown", "superusers_when_asked_for"):
        assert expected.rules[rule] > 0, rule


def keys_listed(db, function, who, perm, about):
    """What is listed, as Python spells the keys: compared in the key's own type."""
    key_type = type_of(db, about)
    listed = f"SELECT rowgrant.{function}(%(who)s, %(perm)s, %(table)s, NULL::{key_type})"
    arguments = {"who": who, "perm": perm, "table": about["db_table"], "keys": about["pks"]}
    rows = db.execute(f"SELECT k FROM unnest(%(keys)s::text[]) k WHERE k::{key_type} IN ({listed})", arguments)
    found = [row[0] for row in rows]
    assert db.execute(f"SELECT count(*) FROM ({listed}) l", arguments).fetchone()[0] == len(found)
    return set(found)


def type_of(db, about):
    return db.execute(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        [about["db_table"], about["key"]],
    ).fetchone()[0]


GRANTS = """
    SELECT array_agg(g ORDER BY g::text) FROM (
        SELECT 'bigint', object::text, perm, subject FROM rowgrant.grant_bigint
        UNION ALL SELECT 'uuid', object::text, perm, subject FROM rowgrant.grant_uuid
        UNION ALL SELECT 'text', object, perm, subject FROM rowgrant.grant_text
        UNION ALL SELECT 'model', NULL, perm, subject FROM rowgrant.model_grant) g
"""


def test_the_import_counts_what_it_brings_and_brings_it_once(project):
    db, _, users, answers, orphans, imported = project
    by_table = {about["db_table"]: model for model, about in models(answers)}
    assert {by_table[row[0]] for row in imported} == set(answers["models"])
    assert {by_table[row[0]]: row[4] for row in imported} == {m: orphans[m] for m in answers["models"]}
    assert sum(orphans.values()) > 0
    grants = db.execute(GRANTS).fetchone()[0]
    assert sum(row[3] for row in imported) == len(grants)
    assert db.execute("SELECT count(*) FROM rowgrant.orphans()").fetchone()[0] == 0
    assert db.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []
    again = db.execute("SELECT * FROM rowgrant.import_guardian()").fetchall()
    assert [row[1:4] for row in again] == [(0, 0, 0)] * len(imported)
    assert db.execute(GRANTS).fetchone()[0] == grants
    # What is granted in guardian later comes with the next import, under a key spelled otherwise too.
    with db.transaction(force_rollback=True):
        folder = answers["models"]["folder"]["pks"][0]
        db.execute(
            "INSERT INTO guardian_userobjectpermission (object_pk, content_type_id, permission_id, user_id)"
            " SELECT upper(%s), p.content_type_id, p.id, u.id FROM auth_permission p, "
            f"people_{users}_user u WHERE p.codename = 'delete_folder' AND u.username = 'inactive'",
            [folder],
        )
        more = db.execute("SELECT * FROM rowgrant.import_guardian()").fetchall()
        assert [row[:4] for row in more if row[3]] == [("library_folder", 1, 0, 1)]


def test_generic_rows_of_a_model_with_its_own_tables_are_skipped(project):
    db, _, users, answers, _, _ = project
    with db.transaction(force_rollback=True):
        db.execute(
            "INSERT INTO guardian_userobjectpermission (object_pk, content_type_id, permission_id, user_id)"
            " SELECT t.id::text, p.content_type_id, p.id, u.id FROM auth_permission p, library_project t, "
            f"people_{users}_user u WHERE p.codename LIKE '%%_project' AND u.username = 'ann'"
        )
        rows = db.execute("SELECT * FROM rowgrant.import_guardian()").fetchall()
        project_row = next(row for row in rows if row[0] == "library_project")
        assert project_row[1:4] == (0, 0, 0) and project_row[4] == 4 * len(answers["models"]["project"]["pks"])


def test_the_project_goes_on_through_rowgrant_alone(project):
    db, name, users, answers, _, _ = project
    expected = expected_of(db, answers)
    moved = json.loads(run(name, users, "moved", ROWGRANT_BACKEND="1"))
    for user in [*expected.users, "null"]:
        for model, about in models(answers):
            found, perms = moved["of_user"][user][model], about["permissions"]
            assert found["objects"] == {
                p: {k: expected.holds(user, model, p, k) for k in about["pks"]} for p in perms
            }, (user, model)
            assert found["model"] == {p: expected.model_level(user, model, p) for p in perms}, (user, model)
            for perm in perms:
                assert set(found["listed"][perm]) == expected.keys(user, model, perm)
            for key, names in found["perms"].items():
                codenames = {f"library.{p}" for p in perms if expected.holds(user, model, p, key)}
                assert {n for n in names if n.removeprefix("library.") in perms} == codenames
    nothing, granted = [False, False], [True, True]
    assert moved["grants"] == [
        False, True, *granted, *nothing, True, False, *granted, True, *nothing, *nothing,
    ]  # fmt: skip


def test_the_documentation_shows_the_code_that_is_tested():
    document = (HERE.parent.parent / "docs/django.md").read_text()
    code = (HERE / "guardian_project/rowgrant.py").read_text()
    blocks = [block.split("```")[0] for block in document.split("```python\n")[1:]]
    shown = [block for block in blocks if not block.startswith("#")]
    assert len(shown) >= 3
    for block in shown:
        assert block.strip() in code, block
