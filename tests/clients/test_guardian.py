"""A real Django project with django-guardian moves over: every answer of both is compared.

What rowgrant should answer is worked out from what Django and guardian answer, by rules that are
named and counted; there is no difference but those. The first of a user's answers is has_perm with an
object, and rowgrant's lists must agree with it: where guardian's do not, a rule says why.
"""

import json
import os
import pathlib
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass

import psycopg
import pytest
from conftest import connect

HERE = pathlib.Path(__file__).parent
SEEDS = [int(os.environ["ROWGRANT_SEED"])] if "ROWGRANT_SEED" in os.environ else [1, 2, 3]
# Keys that guardian stores as Python shows them, and compares with what PostgreSQL shows.
OTHER_KEYS = {"host", "event"}


def run(name, users, *arguments, **environment):
    command = [sys.executable, "-m", "guardian_project.run", *map(str, arguments)]
    environment = {**os.environ, "ROWGRANT_DATABASE": name, "ROWGRANT_USER_MODEL": users, **environment}
    return subprocess.run(command, cwd=HERE, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


@dataclass
class Project:
    """A filled project that has moved over."""

    db: object
    name: str
    users: str  # What its user model is called.
    answers: dict  # Django's and guardian's, before it moved.
    rows: "Rows"
    imported: dict  # What import_guardian returned, by object type.


@pytest.fixture(scope="module", params=[(users, seed) for users in ("int", "uuid") for seed in SEEDS], ids=str)
def project(request):
    users, seed = request.param
    name = f"rowgrant_guardian_{users}_{seed}"
    with connect("postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
    run(name, users, "fill", seed)
    answers = json.loads(run(name, users, "answers"))
    with connect(name) as db:
        # Django shows times in it.
        db.execute("SET TimeZone = 'UTC'")
        db.execute("CREATE EXTENSION rowgrant")
        rows = Rows(db, users, answers)
        yield Project(db, name, users, answers, rows, imported(db))
    with connect("postgres") as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def imported(db):
    """By object type: users, groups, grants and rows skipped."""
    found = db.execute("SELECT * FROM rowgrant.import_guardian()").fetchall()
    by_type = {row[0]: row[1:] for row in found}
    assert len(by_type) == len(found)
    return by_type


class Rows:
    """The grants in Django's and guardian's tables."""

    def __init__(self, db, users, answers):
        # Model, what the holder is, the holder, codename, and the key; none for the whole model.
        self.good = set()
        # Rows on objects that are gone, by model.
        self.orphans = Counter()
        permission = "JOIN auth_permission p ON p.id = permission_id JOIN django_content_type c ON c.id = p.content_type_id"
        for kind, holder, table, key in [
            ("user", "user_id", "guardian_userobjectpermission", "object_pk"),
            ("group", "group_id", "guardian_groupobjectpermission", "object_pk"),
            ("user", "user_id", "library_projectuserobjectpermission", "content_object_id::text"),
            ("group", "group_id", "library_projectgroupobjectpermission", "content_object_id::text"),
            ("user", "user_id", f"people_{users}_user_user_permissions", "NULL"),
            ("group", "group_id", "auth_group_permissions", "NULL"),
        ]:
            for app, model, who, codename, pk in db.execute(
                f"SELECT c.app_label, c.model, {holder}::text, p.codename, {key} FROM {table} {permission}"
            ):
                model = model if app == "library" else f"{app}.{model}"
                if pk is None or pk in answers["models"][model]["pks"]:
                    self.good.add((model, kind, who, codename, pk))
                else:
                    self.orphans[model] += 1

    def held(self, model, kind, who, key):
        """Codenames on an object, or on the whole model where there is no key."""
        return {row[3] for row in self.good if row[:3] == (model, kind, who) and row[4] == key}


class Expected:
    """What rowgrant should answer, and how often each rule was needed."""

    def __init__(self, project):
        self.answers = project.answers
        self.rows = project.rows
        self.rules = Counter()
        self.users = {user["pk"]: user for user in self.answers["users"]}
        self.groups = {group["pk"]: set(group["members"]) for group in self.answers["groups"]}
        self.anonymous = next(u["pk"] for u in self.answers["users"] if u["username"] == "AnonymousUser")

    def model_level(self, user, model, perm):
        """Whoever is not logged in is guardian's row for him; Django's AnonymousUser holds nothing on models."""
        if user != "null":
            return self.answers["of_user"][user][model]["model"][perm]
        assert not self.answers["of_user"]["null"][model]["model"][perm]
        held = self.answers["of_user"][self.anonymous][model]["model"][perm]
        self.rules["the_anonymous_user_is_a_user"] += held
        return held

    def holds(self, user, model, perm, key):
        """guardian's has_perm with an object leaves model-level permissions out; its lists do not."""
        on_object = self.answers["of_user"][user][model]["objects"][perm][key]
        on_model = self.model_level(user, model, perm)
        self.rules["model_level_counts_for_objects"] += on_model and not on_object
        return on_object or on_model

    def names(self, user, model, key):
        """guardian's get_perms leaves model-level permissions out as well."""
        perms = self.answers["models"][model]["permissions"]
        held = {perm for perm in perms if self.holds(user, model, perm, key)}
        on_object = set(self.answers["of_user"][user][model]["perms"][key])
        on_model = {perm for perm in perms if self.model_level(user, model, perm)}
        assert held == on_object | on_model, (user, model, key)
        return held

    def keys(self, user, model, perm):
        keys = self.answers["models"][model]["pks"]
        held = {key for key in keys if self.holds(user, model, perm, key)}
        listed = set(self.answers["of_user"][user][model]["listed"][perm])
        known = self.users[self.anonymous if user == "null" else user]
        if not known["active"]:
            # Listed as if he were active, but for what he holds on whole models.
            assert held == set()
            assert listed == (set() if model in OTHER_KEYS else self.keys_in_rows(user, model, perm))
            self.rules["inactive_user_listed"] += bool(listed)
        elif model in OTHER_KEYS and not self.model_level(user, model, perm):
            assert listed == set()
            self.rules["keys_of_other_types_not_listed"] += bool(held)
        else:
            assert listed == held, (user, model, perm)
        return held

    def keys_in_rows(self, user, model, perm):
        keys = self.answers["models"][model]["pks"]
        return {key for key in keys if perm in self.granted(user, model, key)}

    def granted(self, user, model, key):
        """What a user's own rows and those of his groups say, whatever he is."""
        groups = [group for group, members in self.groups.items() if user in members]
        return self.own(user, model, key).union(*(self.rows.held(model, "group", group, key) for group in groups))

    def own(self, user, model, key):
        return self.rows.held(model, "user", user, key)

    def users_with_perms(self, model, key, *, groups=True, superusers):
        """Codenames by user."""
        guardian = self.answers["of_object"][model][key]["users"]
        perms = set(self.answers["models"][model]["permissions"])
        source = self.granted if groups else self.own
        found = {}
        for user, is_ in self.users.items():
            held = source(user, model, key) | source(user, model, None)
            if not is_["active"]:
                # guardian names him, with nothing.
                self.rules["inactive_users_are_not_named"] += user in guardian
                assert not guardian.get(user)
                continue
            if is_["superuser"]:
                # guardian names him where there is a row, and then with everything.
                assert set(guardian.get(user, perms)) == perms
                self.rules["superusers_by_their_grants_or_by_request"] += user not in guardian or held != perms
                held = perms if superusers else held
            elif groups:
                # guardian names nobody for what he holds on the whole model.
                by_model = {perm for perm in perms if self.model_level(user, model, perm)}
                assert held == set(guardian.get(user, [])) | by_model, (user, model, key)
                self.rules["holders_at_model_level_are_named"] += bool(held) and user not in guardian
            if held:
                found[user] = held
        return found

    def group_holds(self, group, model, key):
        """guardian's get_group_perms leaves model-level permissions out; its lists do not."""
        on_object = set(self.answers["of_group"][group][model]["perms"][key])
        assert on_object == set(self.answers["of_object"][model][key]["groups"].get(group, []))
        on_model = self.rows.held(model, "group", group, None)
        self.rules["a_groups_model_level_counts_for_objects"] += bool(on_model - on_object)
        return on_object | on_model

    def group_keys(self, group, model, perm):
        keys = set(self.answers["models"][model]["pks"])
        held = {key for key in keys if perm in self.group_holds(group, model, key)}
        listed = set(self.answers["of_group"][group][model]["listed"][perm])
        elsewhere = {row[0] for row in self.rows.good if row[1:] == ("group", group, perm, None)} - {model}
        if elsewhere:
            assert listed == keys
            self.rules["group_codename_of_another_model"] += listed != held
        else:
            assert listed == held, (group, model, perm)
        return held

    def needed(self, *rules):
        """A rule that nothing needed could hide that the test looks at nothing."""
        assert {rule for rule, times in self.rules.items() if times} == set(rules)


def models(project):
    return project.answers["models"].items()


def own_name(perm, model):
    """What a permission is called here, where Django's name for it can be asked for as well."""
    return perm.removesuffix(f"_{model}")


def with_own_names(perms, model):
    return set(perms) | {own_name(perm, model) for perm in perms}


def every_name(perms, model):
    """Each name with the codename that it stands for."""
    return {**{own_name(perm, model): perm for perm in perms}, **{perm: perm for perm in perms}}


def key_type(project, about):
    return project.db.execute(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        [about["db_table"], about["key"]],
    ).fetchone()[0]


def shown(cursor):
    """Keys in their own type, as Python shows them and Django with it; none twice."""
    keys = [str(row[0]) for row in cursor]
    assert len(keys) == len(set(keys))
    return set(keys)


def test_every_answer_is_that_of_guardian_but_for_its_faults(project):
    db, expected = project.db, Expected(project)
    for model, about in models(project):
        table, key, keys, perms = about["db_table"], about["key"], about["pks"], about["permissions"]
        names, native = every_name(perms, model), key_type(project, about)
        for user in [*expected.users, "null"]:
            given = None if user == "null" else user
            held = db.execute(
                "SELECT p, k, rowgrant.has_perm(%s, p, %s, k) FROM unnest(%s::text[]) p, unnest(%s::text[]) k",
                [given, table, list(names), keys],
            )
            assert {(p, k): h for p, k, h in held} == {
                (name, k): expected.holds(user, model, perm, k) for name, perm in names.items() for k in keys
            }, (user, model)
            held = db.execute(
                "SELECT p, rowgrant.has_perm(%s, p, %s) FROM unnest(%s::text[]) p", [given, table, list(names)]
            )
            assert dict(held.fetchall()) == {
                name: expected.model_level(user, model, perm) for name, perm in names.items()
            }, (user, model)
            held = db.execute("SELECT k, rowgrant.perms_for_user(%s, %s, k) FROM unnest(%s::text[]) k", [given, table, keys])
            assert dict(held.fetchall()) == {
                k: sorted(with_own_names(expected.names(user, model, k), model)) for k in keys
            }, (user, model)
            for perm in perms:
                listed = expected.keys(user, model, perm)
                for ways in (
                    f"SELECT rowgrant.objects_for_user(%s, %s, '{table}', NULL::{native})",
                    f"SELECT {key} FROM rowgrant.objects_for_user(%s, %s, NULL::{table})",
                    f"SELECT {key} FROM {table} t WHERE rowgrant.has_perm(%s, %s, t)",
                ):
                    assert shown(db.execute(ways, [given, perm])) == listed, (user, model, perm, ways)
            by_perm = [expected.keys(user, model, perm) for perm in perms]
            for any_perm, listed in [(False, set.intersection(*by_perm)), (True, set.union(*by_perm))]:
                several = f"SELECT rowgrant.objects_for_user(%s, %s::text[], %s, NULL::{native}, any_perm => %s)"
                assert shown(db.execute(several, [given, perms, table, any_perm])) == listed, (user, model)
    expected.needed(
        "model_level_counts_for_objects",
        "the_anonymous_user_is_a_user",
        "inactive_user_listed",
        "keys_of_other_types_not_listed",
    )


def test_holders_are_those_of_guardian_but_for_its_faults(project):
    db, expected = project.db, Expected(project)
    for model, about in models(project):
        table, keys, perms = about["db_table"], about["pks"], about["permissions"]
        for key in keys:
            for groups, superusers in [(True, False), (True, True), (False, False), (False, True)]:
                held = expected.users_with_perms(model, key, groups=groups, superusers=superusers)
                found = db.execute("SELECT * FROM rowgrant.users_with_perms(%s, %s, %s, %s)", [table, key, groups, superusers])
                assert {user: set(names) for user, names in found} == {
                    user: with_own_names(names, model) for user, names in held.items()
                }, (model, key, groups, superusers)
                found = db.execute(
                    "SELECT p, array(SELECT rowgrant.users_with_perm(p, %s, %s, %s, %s)) FROM unnest(%s::text[]) p",
                    [table, key, groups, superusers, perms],
                )
                assert {perm: sorted(users) for perm, users in found} == {
                    perm: sorted(user for user, names in held.items() if perm in names) for perm in perms
                }, (model, key, groups, superusers)
            found = db.execute("SELECT * FROM rowgrant.groups_with_perms(%s, %s)", [table, key])
            held = {group: with_own_names(expected.group_holds(group, model, key), model) for group in expected.groups}
            assert {group: set(names) for group, names in found} == {
                group: names for group, names in held.items() if names
            }, (model, key)
    expected.needed(
        "inactive_users_are_not_named",
        "superusers_by_their_grants_or_by_request",
        "holders_at_model_level_are_named",
        "a_groups_model_level_counts_for_objects",
    )


def test_a_groups_answers_are_those_of_guardian_but_for_its_faults(project):
    db, expected = project.db, Expected(project)
    for model, about in models(project):
        table, keys, perms = about["db_table"], about["pks"], about["permissions"]
        for group in expected.groups:
            held = {key: expected.group_holds(group, model, key) for key in keys}
            found = db.execute(
                "SELECT p, k, rowgrant.group_has_perm(%s, p, %s, k) FROM unnest(%s::text[]) p, unnest(%s::text[]) k",
                [group, table, perms, keys],
            )
            assert {(p, k): h for p, k, h in found} == {(p, k): p in held[k] for p in perms for k in keys}, (group, model)
            found = db.execute("SELECT k, rowgrant.perms_for_group(%s, %s, k) FROM unnest(%s::text[]) k", [group, table, keys])
            assert dict(found.fetchall()) == {k: sorted(with_own_names(held[k], model)) for k in keys}, (group, model)
            for perm in perms:
                listed = f"SELECT rowgrant.objects_for_group(%s, %s, %s, NULL::{key_type(project, about)})"
                assert shown(db.execute(listed, [group, perm, table])) == expected.group_keys(group, model, perm)
    expected.needed("a_groups_model_level_counts_for_objects", "group_codename_of_another_model")


def everything(db):
    """All that rowgrant stores."""
    tables = db.execute("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'rowgrant'::regnamespace AND relkind = 'r'")
    return {table: sorted(map(str, db.execute(f"SELECT * FROM {table}"))) for (table,) in tables.fetchall()}


def test_the_import_counts_what_it_brings_and_brings_it_once(project):
    db, rows = project.db, project.rows
    brought = {about["db_table"]: model for model, about in models(project)} | {"auth_group": "auth.group"}
    assert project.imported == {
        table: (
            len({row[2] for row in rows.good if row[:2] == (model, "user")}),
            len({row[2] for row in rows.good if row[:2] == (model, "group")}),
            len([row for row in rows.good if row[0] == model]),
            rows.orphans[model],
        )
        for table, model in brought.items()
    }
    assert {model for model, number in rows.orphans.items() if number} == {"article", "folder", "page", "host", "event"}
    stored = everything(db)
    assert sum(len(stored[f"rowgrant.{t}"]) for t in ("grant_bigint", "grant_uuid", "grant_text", "model_grant")) == len(rows.good)
    assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
    assert db.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []
    assert imported(db) == {table: (0, 0, 0, numbers[3]) for table, numbers in project.imported.items()}
    assert everything(db) == stored


def grant(db, table, holder, key, codename):
    """A row as Django or guardian would write it; key and holder are columns with their values."""
    values = {**key, **holder}
    db.execute(
        f"INSERT INTO {table} (permission_id, {', '.join(values)}) SELECT p.id, {', '.join(['%s'] * len(values))}"
        " FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id"
        " WHERE p.codename = %s AND c.app_label <> 'auth'",
        [*values.values(), codename],
    )


def generic(db, model, key):
    """The columns with which guardian's own tables name an object."""
    content_type = db.execute("SELECT id FROM django_content_type WHERE model = %s", [model]).fetchone()[0]
    return {"content_type_id": content_type, "object_pk": key}


def test_a_later_import_brings_what_was_granted_since(project):
    db, people = project.db, f"people_{project.users}_user"
    pks = {model: about["pks"][-1] for model, about in models(project)}
    with db.transaction(force_rollback=True):
        user = db.execute(
            f"INSERT INTO {people} (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined"
            f"{', id' if project.users == 'uuid' else ''}) VALUES ('', false, 'late', '', '', '', false, true, now()"
            f"{', gen_random_uuid()' if project.users == 'uuid' else ''}) RETURNING id"
        ).fetchone()[0]
        group = db.execute("INSERT INTO auth_group (name) VALUES ('late') RETURNING id").fetchone()[0]
        user_column, group_column = {"user_id": user}, {"group_id": group}
        # Under another spelling of its key, too.
        folder = generic(db, "folder", pks["folder"].upper())
        grant(db, "guardian_userobjectpermission", user_column, folder, "change_folder")
        grant(db, "guardian_groupobjectpermission", group_column, generic(db, "host", pks["host"]), "view_host")
        project_key = {"content_object_id": pks["project"]}
        grant(db, "library_projectuserobjectpermission", user_column, project_key, "delete_project")
        grant(db, "library_projectgroupobjectpermission", group_column, project_key, "view_project")
        grant(db, f"{people}_user_permissions", user_column, {}, "view_event")
        grant(db, "auth_group_permissions", group_column, {}, "add_page")
        held = (
            "SELECT array_agg(rowgrant.has_perm(%s, p, t, k) ORDER BY n) FROM unnest(%s::text[], %s::text[], %s::text[])"
            " WITH ORDINALITY u (p, t, k, n)"
        )
        granted = ["change_folder", "view_host", "delete_project", "view_project", "view_event", "add_page"]
        tables = [f"library_{name.split('_')[1]}" for name in granted]
        asked = [user, granted, tables, [pks[name.split("_")[1]] for name in granted]]
        assert db.execute(held, asked).fetchone()[0] == [False] * 6
        before = {table: (0, 0, 0, numbers[3]) for table, numbers in project.imported.items()}
        assert imported(db) == before | {
            "library_folder": (1, 0, 1, before["library_folder"][3]),
            "library_host": (0, 1, 1, before["library_host"][3]),
            "library_project": (1, 1, 2, 0),
            "library_event": (1, 0, 1, before["library_event"][3]),
            "library_page": (0, 1, 1, before["library_page"][3]),
        }
        # Memberships are read where they stand: no import is needed.
        assert db.execute(held, asked).fetchone()[0] == [True, False, True, False, True, False]
        db.execute(f"INSERT INTO {people}_groups (user_id, group_id) VALUES (%s, %s)", [user, group])
        assert db.execute(held, asked).fetchone()[0] == [True] * 6


def test_rows_that_cannot_be_brought_over_are_skipped(project):
    db = project.db
    with db.transaction(force_rollback=True):
        user = {"user_id": db.execute(f"SELECT id FROM people_{project.users}_user WHERE username = 'ann'").fetchone()[0]}
        before = {table: (0, 0, 0, numbers[3]) for table, numbers in project.imported.items()}
        # Keys that do not parse.
        for model, key in [("article", "x"), ("folder", "not-a-uuid"), ("host", "10.0.0.256"), ("event", "yesterday or so")]:
            grant(db, "guardian_userobjectpermission", user, generic(db, model, key), f"view_{model}")
        # Generic rows of a model that has tables of its own: guardian ignores them as well.
        for key in project.answers["models"]["project"]["pks"][:3]:
            grant(db, "guardian_userobjectpermission", user, generic(db, "project", key), "view_project")
        # A model without a table.
        content_type = db.execute(
            "INSERT INTO django_content_type (app_label, model) VALUES ('gone', 'thing') RETURNING id"
        ).fetchone()[0]
        db.execute(
            "INSERT INTO auth_permission (name, content_type_id, codename) VALUES ('Can view thing', %s, 'view_thing')",
            [content_type],
        )
        grant(db, "guardian_userobjectpermission", user, generic(db, "thing", "1"), "view_thing")
        grant(db, f"people_{project.users}_user_user_permissions", user, {}, "view_thing")
        more = {f"library_{model}": 1 for model in ("article", "folder", "host", "event")} | {"library_project": 3}
        stored = everything(db)
        assert imported(db) == {
            table: (0, 0, 0, numbers[3] + more.get(table, 0)) for table, numbers in before.items()
        } | {"gone.thing": (0, 0, 0, 2)}
        assert everything(db) == stored


def test_the_project_goes_on_through_rowgrant_alone(project):
    expected = Expected(project)
    moved = json.loads(run(project.name, project.users, "moved", ROWGRANT_BACKEND="1"))
    for user in [*expected.users, "null"]:
        for model, about in models(project):
            found, perms = moved["of_user"][user][model], about["permissions"]
            assert found["objects"] == {
                p: {k: expected.holds(user, model, p, k) for k in about["pks"]} for p in perms
            }, (user, model)
            assert found["model"] == {p: expected.model_level(user, model, p) for p in perms}, (user, model)
            for perm in perms:
                assert set(found["listed"][perm]) == expected.keys(user, model, perm)
            for key, names in found["perms"].items():
                held = with_own_names(expected.names(user, model, key), model)
                assert names == sorted(f"library.{name}" for name in held), (user, model, key)
    nothing, granted = [False, False], [True, True]
    assert moved["grants"] == [
        False, True, *granted, *nothing, True, False, *granted, True, *nothing, *nothing,
    ]  # fmt: skip
    assert moved["asked"] == {
        "without app": True,
        "in another app": False,
        "own name": True,
        "asynchronously": True,
        "all asynchronously": ["library.view", "library.view_article"],
        "not saved": False,
        "unknown": False,
        "all on the model": [],
        "model not protected": False,
        "object not protected": False,
        "all on an object not protected": [],
    }


DOCUMENT = (HERE.parent.parent / "docs/django.md").read_text()


def blocks(fence):
    return [block.split("```")[0] for block in DOCUMENT.split(f"```{fence}\n")[1:]]


def test_the_documentation_shows_the_code_that_is_tested():
    code = (HERE / "guardian_project/rowgrant.py").read_text()
    shown = [block for block in blocks("python") if not block.startswith("# ")]
    _, docstring, tested = code.split('"""', 2)
    assert docstring and "\n\n".join(f"{block.strip()}\n" for block in shown) == tested.lstrip()


def test_the_migration_of_the_documentation_runs_twice_and_back(db):
    block = next(block for block in blocks("python") if block.startswith("# migrations/"))
    names = {}
    exec(block, names)
    operations = names["Migration"].operations
    db.execute("DROP EXTENSION rowgrant CASCADE")
    db.execute("CREATE TABLE auth_user (id integer PRIMARY KEY, is_active boolean, is_superuser boolean)")
    db.execute("CREATE TABLE auth_group (id integer PRIMARY KEY)")
    db.execute("CREATE TABLE auth_user_groups (user_id integer REFERENCES auth_user, group_id integer REFERENCES auth_group)")
    db.execute("CREATE TABLE library_article (id bigint PRIMARY KEY)")
    for operation in operations:
        db.execute(operation.sql)
    stored = everything(db)
    assert stored["rowgrant.object_type"] and len(stored["rowgrant.subject_source"]) == 2
    for operation in operations:
        db.execute(operation.sql)
    assert everything(db) == stored
    for operation in reversed(operations):
        if operation.reverse_sql:
            db.execute(operation.reverse_sql)
    assert everything(db)["rowgrant.object_type"] == []


def test_a_role_with_what_the_documentation_grants_it_may_ask_and_grant(database, db):
    grants = next(block for block in blocks("sql no-run") if "GRANT EXECUTE" in block)
    role = f"{database}_app"
    db.execute(f"CREATE ROLE {role} LOGIN")
    try:
        with connect(database, user=role, cursor_factory=psycopg.ClientCursor) as app:
            # As Django sends them, in the text of the statement.
            for user in (42, uuid.UUID("6ba7b810-9dad-41d1-80b4-00c04fd430c8"), "ann"):
                for key in (7, "7"):
                    call = [user, "view", "documents", key]
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        app.execute("SELECT rowgrant.assign_perm(%s, %s, %s, %s)", call)
                    db.execute(grants.replace("TO app", f"TO {role}"))
                    answers = [
                        app.execute(f"SELECT rowgrant.{function}(%s, %s, %s, %s)", call).fetchone()[0]
                        for function in ("assign_perm", "has_perm", "remove_perm", "has_perm")
                    ]
                    assert answers == [True, True, True, False]
                    db.execute(grants.replace("GRANT EXECUTE", "REVOKE EXECUTE").replace("TO app", f"FROM {role}"))
    finally:
        db.execute(f"DROP OWNED BY {role}")
        db.execute(f"DROP ROLE {role}")
