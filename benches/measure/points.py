"""Checks of one user and one object: many in one statement, single prepared statements, and planning."""

import os
import pathlib
import subprocess
import tempfile

from . import data
from .queries import NEWEST
from .results import note
from .session import interleaved
from .ways import WAYS, condition

# {user} and {object} are an integer and a bigint. The expert may write EXISTS as one of these.
EXISTS = {
    "EXISTS, array of subjects": "EXISTS (SELECT FROM expert.grants g WHERE g.object = {object} AND g.perm = 1 AND g.subject"
    " = ANY (ARRAY[{user}] || ARRAY(SELECT -m.group_id FROM memberships m WHERE m.user_id = {user})))",
    "EXISTS, memberships within": "EXISTS (SELECT FROM expert.grants g WHERE g.object = {object} AND g.perm = 1 AND (g.subject"
    " = {user} OR EXISTS (SELECT FROM memberships m WHERE m.user_id = {user} AND m.group_id = -g.subject)))",
    "EXISTS OR EXISTS": "(EXISTS (SELECT FROM expert.grants g WHERE g.object = {object} AND g.perm = 1 AND g.subject = {user})"
    " OR EXISTS (SELECT FROM expert.grants g JOIN memberships m ON m.group_id = -g.subject"
    " WHERE g.object = {object} AND g.perm = 1 AND m.user_id = {user}))",
}
# has_perm asks that, too: whether the user is there and active, and whether a superuser.
EXISTS["EXISTS, asking the same"] = (
    "EXISTS (SELECT FROM users u WHERE u.id = {user} AND u.is_active"
    f" AND (u.is_superuser OR {EXISTS['EXISTS, array of subjects']}))"
)
CHECKS = {
    "has_perm": "rowgrant.has_perm({user}, 'view', 'documents', {object})",
    **EXISTS,
    "PL/pgSQL": "expert.may({user}, 1, {object})",
}


def measure(db, options):
    return {
        "one_statement": {
            "varying user": one_statement(db, "checks", options.runs),
            "varying user, new session": one_statement(db, "checks", options.runs, in_new_session=True),
            "fixed user": one_statement(db, "fixed_checks", options.runs),
        },
        "prepared": {
            "all users": prepared(db, db.size // 10, rounds=9, seconds=5),
            "a thousand users": prepared(db, 1_000, rounds=9, seconds=5),
        },
        "planning": planning(db, options.runs * 3),
    }


def one_statement(db, table, runs, in_new_session=False):
    """Microseconds a check, of 50,000 in one statement; every way must find all that were granted. A
    session that has asked before remembers users, a new one has to look each of them up."""
    note(f"    50,000 checks in one statement: {table}{', each run in a new session' if in_new_session else ''}")
    count, granted = (int(v) for v in db.rows(f"SELECT count(*), count(*) FILTER (WHERE granted) FROM expert.{table}")[0])

    def way(check):
        check = check.format(user="c.user_id", object="c.object")
        sql = f"SELECT count(*) FILTER (WHERE {check}), count(*) FILTER (WHERE {check} <> granted) FROM expert.{table} c"
        assert db.rows(sql) == [(str(granted), "0")], check
        sql = f"SELECT count(*) FILTER (WHERE {check}) FROM expert.{table} c"

        def again():
            return db.seconds(sql)[0] / count * 1e6

        def anew():
            with data.connect(db.size) as session:
                # What every session does once: load the library, read the catalogs.
                session.run(f"EXPLAIN {sql}")
                session.run(f"SELECT {check} FROM (VALUES (0, 0::bigint)) c (user_id, object)")
                return session.seconds(sql)[0] / count * 1e6

        return anew if in_new_session else again

    return interleaved({name: way(check) for name, check in CHECKS.items()}, runs)


def prepared(db, users, rounds, seconds):
    """Statements a second by pgbench, in a new session each time: checks of one of so many users, and of
    one of all objects, drawn at random."""
    note(f"    prepared single statements, {users} users")
    scripts = {
        "has_perm": CHECKS["has_perm"].format(user=":user::integer", object=":object::bigint"),
        "has_perm, untyped parameters": CHECKS["has_perm"].format(user=":user", object=":object"),
    }
    for name, check in EXISTS.items():
        scripts[name] = check.format(user=":user::integer", object=":object::bigint")
    draw = f"\\set user random(1, {users})\n\\set object random(1, {db.size})\n"
    ways = {name: pgbench(db.size, f"{draw}SELECT {check};\n", "-T", seconds) for name, check in scripts.items()}
    found = interleaved(ways, rounds)
    # As a rate, whose spread is the other way round.
    return {way: {"median": 1 / t["median"], "q1": 1 / t["q3"], "q3": 1 / t["q1"], "runs": t["runs"]} for way, t in found.items()}


def pgbench(size, script, *options):
    """A call that runs the script as prepared statements of one client; it returns seconds a statement."""

    def call(*more):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "script"
            file.write_text(script)
            command = [
                "pgbench",
                "-n",
                "-M",
                "prepared",
                "-c",
                "1",
                "-f",
                file,
                *map(str, options + more),
                data.name_of(size),
            ]
            environment = {**os.environ, "LC_ALL": "C"}
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        rate = next(line.split()[2] for line in done.stdout.splitlines() if line.startswith("tps = "))
        return 1 / float(rate)

    return call


def planning(db, runs):
    """Seconds that PostgreSQL plans the newest 20, by reach and way, as EXPLAIN (SUMMARY) says."""
    note("    planning")
    guardian = db.value("SELECT to_regclass('auth_user') IS NOT NULL") == "t"
    found = {}
    for reach in ("none", "10", "1k", "500k", "groups"):
        # User 1 is one of those with ten groups.
        user = 1 if reach == "groups" else db.known[reach][0]

        def way(condition):
            sql = f"EXPLAIN (SUMMARY) SELECT d.id, d.title FROM documents d WHERE {condition} {NEWEST}"

            def call():
                line = db.rows(sql)[-1][0]
                return float(line.split()[2]) / 1000

            call()
            return call

        ways = {name: way(condition(name, user, "documents", "d", False)) for name in WAYS if guardian or name != "guardian"}
        found[reach] = interleaved({"no condition": way("true"), **ways}, runs)
    return found
