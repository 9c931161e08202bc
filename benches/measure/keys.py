"""Keys of other types against bigint, on tables that differ in nothing else."""

import subprocess

import psycopg

from . import data
from .queries import NEWEST
from .session import Session, interleaved

TYPES = {"bigint": "id", "uuid": "id", "text": "id", "composite": "ROW(a, b)"}


def measure(db, options):
    """Tables of a tenth of the size, with ten grants a row, in a database of their own."""
    size = options.size // 10
    name = f"{data.name_of(size)}_keys"
    if not data.exists(f"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{name}')"):
        subprocess.run(["createdb", name], check=True)
        data.psql(name, size, "keys.sql")
    with Session(psycopg.connect(dbname=name, autocommit=True), size) as own:
        granting = {kind: fill(own, kind) for kind in TYPES}
        data.vacuum(name)
        found = {
            "check, varying user": compare(own, "count(*) FILTER (WHERE rowgrant.has_perm(1 + d.n / 3 % 20, 'view', d))", "", options),
            "count, half of all": compare(own, "count(*)", "WHERE rowgrant.has_perm(1, 'view', d)", options),
            "newest 20, half of all": compare(own, "d.n", f"WHERE rowgrant.has_perm(1, 'view', d) {NEWEST}", options),
            "newest 20 of a hundred": compare(own, "d.n", f"WHERE rowgrant.has_perm(21, 'view', d) {NEWEST}", options),
            "count of a hundred": compare(own, "count(*)", "WHERE rowgrant.has_perm(21, 'view', d)", options),
            "one row by key": compare(own, "d.n", "WHERE {key} AND rowgrant.has_perm(1, 'view', d)", options),
        }
    subprocess.run(["dropdb", "--force", name], check=True)
    return {"rows": size, "assign_perms": granting, "queries": found}


def fill(own, kind):
    """Seconds of the assign_perms that grant ten times as many grants as there are rows."""
    key, table = TYPES[kind], f"keys_{kind}"

    def assign(users, which):
        # A key of several columns is the table's row to assign_perms' array; only its columns count.
        keys = f"(SELECT array_agg({key} ORDER BY n) FROM {table} WHERE {which})"
        return own.seconds(f"SELECT rowgrant.assign_perms(ARRAY[{users}], '{{view}}', '{table}', {keys})")[0]

    def upto(a, b):
        return ",".join(map(str, range(a, b + 1)))

    taken = assign(upto(1, 10), "n % 2 = 1") + assign(upto(11, 20), "n % 2 = 0")
    assign("21", "n % 100 = 7 AND n <= 10000")
    return {"median": taken, "runs": 1}


def compare(own, select, where, options):
    """The same query on each table; all must return the same rows."""
    answers = {}

    def way(kind):
        if kind == "composite":
            key = "d.a = 0 AND d.b = 7"
        else:
            key = "d.id = " + own.rows(f"SELECT quote_literal(id) FROM keys_{kind} WHERE n = 7")[0][0]
        sql = f"SELECT {select} FROM keys_{kind} d {where.format(key=key)}"
        answers[kind] = own.rows(sql)
        return lambda: own.seconds(sql)[0]

    ways = {kind: way(kind) for kind in TYPES}
    assert all(answer == answers["bigint"] for answer in answers.values()), (select, where)
    return interleaved(ways, options.runs)
