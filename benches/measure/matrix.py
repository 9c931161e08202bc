"""Every query for every reach by every way, in plain queries and under row-level security."""

from .queries import QUERIES, parameters
from .results import note
from .session import TIMEOUT, TooSlow, interleaved, rows
from .ways import ROLES, WAYS, condition, policies

# Seconds of running a statement before it is measured.
WARM = 0.03
REACHES = ["none", "10", "1k", "100k", "500k", "all"]


def measure(db, options):
    chosen = options.queries.split(",") if options.queries else list(QUERIES)
    if db.value("SELECT count(*) FROM pg_policy") == "0":
        for statement in policies():
            db.run(statement)
    cells = []
    for reach in REACHES:
        user, _ = db.known[reach]
        allowed = permitted(db, user, reach == "all")
        for name in chosen:
            for guarded in (False, True):
                query = QUERIES[name]
                if guarded and query.selects:
                    continue
                note(f"    {name}, reach {reach}{', row-level security' if guarded else ''}")
                statements = guarded_statements(db, query, user, reach) if guarded else plain_statements(db, query, user, reach)
                cells.append({"query": name, "reach": reach, "policy": guarded, **cell(db, query, statements, allowed, options)})
    return {"reaches": {r: db.known[r][1] for r in REACHES}, "cells": cells}


def permitted(db, user, model):
    """Keys of all documents that the user may view; None where that is all of them."""
    if model:
        return None
    return {row[0] for row in db.rows(f"SELECT object FROM expert.grants WHERE perm = 1 AND subject = {user}")}


def plain_statements(db, query, user, reach):
    """By way: what goes before, the statement, and what goes after."""
    model = reach == "all"
    values = parameters(db, user)
    found = {}
    for way in WAYS:
        d, f = (condition(way, user, table, table[0], model) for table in ("documents", "folders"))
        found[way] = ([], query.sql.format(d=d, f=f, **values), [])
    return found


def guarded_statements(db, query, user, reach):
    statement = query.sql.format(d="true", f="true", **parameters(db, user))
    found = {}
    for way, role in ROLES.items():
        if way == "can":
            who = f"SELECT rowgrant.set_user({user})"
        else:
            who = f"SET LOCAL bench.user_id = {user}"
            role += "_model" if reach == "all" else ""
        found[way] = (["BEGIN", who, f"SET LOCAL ROLE {role}"], statement, ["ROLLBACK"])
    return found


def cell(db, query, statements, allowed, options):
    """Measures each way that warms up in time, and compares its rows with those of the first."""
    first = next(iter(statements))
    taken, expected, times = {}, None, {}
    for way, (before, statement, after) in statements.items():
        try:
            taken[way], result = asked(db, before, statement, after)
        except TooSlow:
            continue
        answer = rows(result)
        if query.any_rows:
            wrong = [row for row in answer if allowed is not None and row[0] not in allowed]
            assert not wrong and len(set(answer)) == len(answer), f"{way} returns what is not permitted: {statement}"
            answer = len(answer)
        expected = answer if expected is None else expected
        assert answer == expected, f"{way} returns other rows than {first}:\n{statement}\n{answer}\n{expected}"

    def again(way):
        # What the way before it left in the processor's caches is not this one's to pay for: that takes a
        # few runs of quick statements to wear off.
        uncounted = min(10, round(WARM / taken[way]))
        return lambda: [asked(db, *statements[way])[0] for _ in range(1 + uncounted)][-1]

    # A way that takes long is told from the others by a few runs.
    often = {way: options.runs if t < 0.5 else 3 if t < 3 else 1 for way, t in taken.items()}
    if often:
        times = interleaved({way: again(way) for way in taken}, often)
    for way in statements.keys() - taken.keys():
        times[way] = {"over": TIMEOUT}
    before, statement, after = statements[first]
    for s in before:
        db.run(s)
    plan = db.plan(statement)
    for s in after:
        db.run(s)
    return {"ways": {way: times[way] for way in statements}, "plan": plan, "sql": statement}


def asked(db, before, statement, after):
    """Seconds of the statement alone, and its result."""
    for s in before:
        db.run(s)
    db.run(f"SET statement_timeout = '{TIMEOUT:.0f}s'")
    try:
        return db.seconds(statement)
    finally:
        if after and db.connection.info.transaction_status.name == "INERROR":
            db.run("ROLLBACK")
        else:
            for s in after:
                db.run(s)
        db.run("SET statement_timeout = 0")
