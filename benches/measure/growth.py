"""How all that grows with the number of grants: ten thousand, and each ten times as many."""

from . import data, points, writing
from .queries import QUERIES
from .results import note
from .session import interleaved

SIZES = [1_000, 10_000, 100_000, 1_000_000]


def measure(db, options):
    found = []
    for size in SIZES:
        if size > options.size:
            break
        with data.database(size) as own:
            note(f"    {size} documents")
            found.append(
                {
                    "documents": size,
                    "grants": int(own.value("SELECT count(*) FROM rowgrant.grant_bigint")),
                    **at(own, options),
                }
            )
    return {"sizes": found}


def at(db, options):
    """Reach 10 and 500 are the same at every size; that of user 1, who has ten groups, grows with it."""
    runs = options.runs
    return {
        "varying user": points.one_statement(db, "checks", runs),
        "fixed user": points.one_statement(db, "fixed_checks", runs),
        "reach 500": points.one_statement(db, "reach_checks", runs),
        "prepared": points.prepared(db, db.size // 10, rounds=1, seconds=3),
        "newest 20": {
            "reach 10": newest(db, db.known["10"][0], runs),
            "reach 500": newest(db, db.known["fixed"][0], runs),
            "ten groups": newest(db, 1, runs),
        },
        "planning": points.planning(db, runs * 3),
        "writing": writing.measure(db, options),
    }


def newest(db, user, runs):
    sql = QUERIES["newest 20"].sql.format(d=f"rowgrant.has_perm({user}, 'view', d)")
    db.run(sql)
    return interleaved({"has_perm": lambda: db.seconds(sql)[0]}, runs * 3)["has_perm"]
