"""docs/performance.md and its chart, from the results of one size."""

from . import bars, chart, ways
from .matrix import REACHES
from .queries import QUERIES
from .results import ROOT, load
from .session import TIMEOUT

PARTS = ("matrix", "points", "keys", "writing", "memory", "growth")


def write(size):
    found = {part: load(size, part) for part in PARTS}
    missing = [part for part in PARTS if found[part] is None]
    if missing:
        raise SystemExit(f"not measured with {size} documents: {', '.join(missing)}")
    cells = found["matrix"]["cells"]
    plain = [cell for cell in cells if not cell["policy"]]
    guarded = [cell for cell in cells if cell["policy"]]
    sections = [
        opening(found),
        held(found),
        matrix("Queries", "queries", plain),
        matrix("Under row-level security", "security", guarded),
        by_way(),
        points(found["points"]),
        planning(found["points"]["planning"]),
        keys(found["keys"]),
        writing(found["writing"]),
        memory(found["memory"]),
        growth(found["growth"]),
    ]
    (ROOT / "docs/performance.md").write_text("\n".join(sections))
    (ROOT / "docs/performance.svg").write_text(chart.draw(plain))
    print(headline(cells))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""])


def ms(seconds):
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def place(cell):
    return f"{cell['query']}, reach {cell['reach']}{', row-level security' if cell['policy'] else ''}"


def headline(cells):
    plain = [cell for cell in cells if not cell["policy"]]
    worst = bars.worst(plain)
    mine = bars.counted(worst["has_perm"], "has_perm")
    others = "; ".join(f"{way} {times(bars.counted(cell, way))}" for way, cell in worst.items() if way != "has_perm")
    return (
        f"Over {len(plain)} combinations of query and reach, `WHERE has_perm` takes at most {times(mine)} times as long as the"
        f" fastest of all ways to write the query. The same figure of the others: {others}."
    )


def opening(found):
    about = found["matrix"]["about"]
    dates = sorted({part["about"]["date"] for part in found.values()})
    settings = ", ".join(f"{name} {value}" for name, value in about["settings"].items())
    return f"""# Performance

{headline(found["matrix"]["cells"])}

![Time over reach for each way](performance.svg)

This page is written by the program in [benches](../benches) from what it measured:
rowgrant {about["rowgrant"]}, PostgreSQL {about["postgresql"]}, {about["machine"]}; {" to ".join(dates[:: max(1, len(dates) - 1)])}.
Everything is in memory; {settings}; the other settings are PostgreSQL's own.

```sh
make bench SIZE={about["documents"]}    # the data of this page; 1000000: an hour, 20 GB of disk and 8 GB of memory
make bench-report SIZE={about["documents"]}
benches/run --help         # single parts of it
```

**The data.** {about["documents"]:,} documents in {about["documents"] // 100:,} folders, {about["users"]:,} users in 10 of 1,000 groups
each, {about["grants"]:,} grants: 50 on documents for every user, {5 * about["documents"] // 1000:,} for every group, and users
without groups who hold a known number, the *reach*: {reaches(found["matrix"]["reaches"])}. *all* holds the model-level
permission, *none* nothing.

**How it is measured.** The ways take turns, so that what else the machine does hits all alike. Times are
medians of {max_runs(found["matrix"]["cells"])} runs (fewer of a way that takes long) of a new statement, planning included, seen from the
client, after some that are not counted, as what another way left in the processor's caches is not its own; a way
is given up after {TIMEOUT:.0f} s. Each way must return the same rows.
"""


def reaches(known):
    return ", ".join(f"*{name}* {count:,}" for name, count in known.items() if count)


def max_runs(cells):
    return max(taken.get("runs", 0) for cell in cells for taken in cell["ways"].values())


SHORT = """
Where a bar is missed, why:

- *Counting joined rows by a user who may see all*, against the query without any condition: that one reads nothing but an
  index on the column that joins, while a permission is asked of a row's key. That nothing need be asked is known only
  when the statement runs. The other ways, which read the key too, take as long.
- *Checks of users about whom the session has not asked yet*, in one statement or each prepared by itself, against an EXISTS
  that reads nothing but the user's memberships and the object's grants: `has_perm` asks, too, whether the user is there, active,
  or a superuser, and for his subject. That is two look-ups more, of three pages elsewhere in memory; an EXISTS that asks about
  the user, too, comes near. As long as nobody commits nothing is looked up again of the users that a session remembers, some
  forty thousand with the settings above; after a commit of anybody's a user's rows are looked for where they were last found.
- *DELETE of single rows in a loop on the server*, some 4 µs each: the trigger looks whether anybody holds anything on the row,
  as of now, and that one descent of an index is a quarter of what such a DELETE takes. Where each comes as a statement of its
  own, it hardly shows.
- *Growth*: with 13,000 grants everything is in the processor's caches; EXISTS slows down two to three times. A reach of 500
  is half of the thousand documents of the smallest size, where the newest 20 are the first that are looked at; with more
  documents the 500 are looked up, wherever they are, and sorted.
"""


def held(found):
    rows = [(bar["what"], times(bar["value"]), bar["bar"], "yes" if bar["ok"] else "**no**") for bar in bars.judged(found)]
    return "## What it is held to\n\n" + table(["ratio", "measured", "bar", "met"], rows) + SHORT


def matrix(title, anchor, cells):
    """A table for each query: a row for each reach, a column for each way."""
    names = list(cells[0]["ways"])
    parts = [f"## {title}\n"]
    if anchor == "queries":
        parts.append(
            "Milliseconds, and in brackets how many times the best of all ways. Where the best takes less than 1 ms,\n"
            "a difference of 0.3 ms or less counts as none in the summary above.\n"
        )
    else:
        parts.append(
            "The same queries without a condition, for roles with one policy each: `USING (rowgrant.can('view', documents))`\n"
            "with `set_user`, and two policies written by hand that read the user from a setting.\n"
        )
    for query in dict.fromkeys(cell["query"] for cell in cells):
        parts.append(f"**{query}**\n")
        if anchor == "queries":
            sql = QUERIES[query].sql.replace("{d}", "(d)").replace("{f}", "(f)")
            parts.append(f"`{sql.format(key='...', author='...', cursor='...')}`\n")
        rows = [
            [cell["reach"], *(entry(cell, way) for way in names)]
            for reach in REACHES
            for cell in cells
            if (cell["query"], cell["reach"]) == (query, reach)
        ]
        parts.append(table(["reach", *names], rows))
    worst = bars.worst(cells)
    rows = [(way, times(bars.counted(cell, way)), place(cell)) for way, cell in worst.items()]
    parts.append("**Worst ratio of each way**\n")
    parts.append(table(["way", "times the best", "where"], rows))
    return "\n".join(parts)


def entry(cell, way):
    taken = cell["ways"].get(way)
    if taken is None:
        return ""
    shown = f"> {TIMEOUT * 1000:,.0f}" if "over" in taken else ms(taken["median"])
    shown = f"{shown} ({times(bars.ratio(cell, way))})"
    return f"**{shown}**" if bars.time(taken) == bars.best(cell) else shown


def by_way():
    parts = [
        "## The ways\n",
        "`(d)` and `(f)` above stand for these, here on a document `d`; permission 1 is to view documents. The ways written",
        "by hand read a table of their own, `expert.grants (object, perm, subject)`, groups being negative subjects, with",
        "covering indexes in both directions. For a user with a model-level grant they ask for it first, with OR.",
        "guardian's is what `get_objects_for_user` sends; to a user with the permission on the model it sends no",
        "condition, and the statements by which it finds that out are not counted.\n",
        "```sql no-run",
    ]
    parts += [f"-- {way}\n{ways.condition(way, 42, 'documents', 'd', False)}" for way in ways.WAYS]
    return "\n".join([*parts, "```\n"])


def points(found):
    names = list(next(iter(found["one_statement"].values())))
    rows = [
        [who, *(f"{taken[way]['median']:.2f} ({taken[way]['q1']:.2f} to {taken[way]['q3']:.2f})" for way in names)]
        for who, taken in found["one_statement"].items()
    ]
    whose = list(found["prepared"])
    rates = [
        [way, *(f"{t['median']:,.0f} ({t['q1']:,.0f} to {t['q3']:,.0f})" for t in (found["prepared"][who][way] for who in whose))]
        for way in found["prepared"][whose[0]]
    ]
    return "\n".join(
        [
            "## Checks of one object\n",
            "50,000 checks in one statement, half of them granted; microseconds a check, with quartiles. A session remembers",
            "users as long as nobody commits, as many as fit into `work_mem` times `hash_mem_multiplier`; a new one has asked about",
            "nobody yet.\n",
            table(["", *names], rows),
            "Single prepared statements of one client (pgbench) in a new session, a second, with quartiles. Each asks about one",
            f"of all {found['about']['users']:,} users, most of whom the session has not met yet, or of a thousand, whom it soon has:\n",
            table(["", *whose], rates),
        ]
    )


def planning(found):
    names = list(next(iter(found.values())))
    rows = [[reach, *(f"{taken[way]['median'] * 1000:.2f}" for way in names)] for reach, taken in found.items()]
    return "\n".join(
        [
            "## Planning\n",
            "Milliseconds to plan the newest 20; *groups* is a user with ten groups.\n",
            table(["reach", *names], rows),
        ]
    )


def keys(found):
    names = list(found["assign_perms"])
    rows = [
        [
            what,
            *(f"{ms(taken[kind]['median'])} ({times(taken[kind]['median'] / taken['bigint']['median'])})" for kind in names),
        ]
        for what, taken in found["queries"].items()
    ]
    taken = found["assign_perms"]
    rows.append(
        [
            "assign_perms, once",
            *(f"{ms(taken[kind]['median'])} ({times(taken[kind]['median'] / taken['bigint']['median'])})" for kind in names),
        ]
    )
    return "\n".join(
        [
            "## Types of keys\n",
            f"Tables of {found['rows']:,} rows in random order, with ten grants each, that differ in the key only; milliseconds, and\n"
            "times bigint:\n",
            table(["", *names], rows),
        ]
    )


def writing(found):
    rows = []
    given = found["granting"]
    rows += [(f"granting {given['grants']:,}: {way}", ms(t["median"]), quartiles(t)) for way, t in given["ways"].items()]
    gone = found["mass delete"]
    title = f"deleting {gone['rows']:,} rows with {gone['grants']:,} grants"
    rows += [(f"{title}: {way}", ms(t["median"]), quartiles(t)) for way, t in gone["ways"].items()]
    for how, name in {"pgbench": "prepared", "loop": "in a loop on the server"}.items():
        for way, t in found["single delete"][how].items():
            rows.append((f"deleting one row without grants, {name}: {way}", f"{t['median'] * 1000:.4f}", quartiles(t, 4)))
    room = table(["", "bytes a grant"], [(way, f"{size:.0f}") for way, size in found["bytes a grant"].items()])
    return "\n".join(
        [
            "## Granting and deleting\n",
            "Milliseconds. Granting is compared with an INSERT ... SELECT of the same rows, in the order of the primary key,",
            "into a table of the same shape and indexes; deleting with one statement for the grants and one for the rows of",
            "an unprotected table.\n",
            table(["", "median", "quartiles"], rows),
            "Room, indexes included, after the data was loaded:\n",
            room,
        ]
    )


def quartiles(taken, digits=None):
    if digits:
        return f"{taken['q1'] * 1000:.{digits}f} to {taken['q3'] * 1000:.{digits}f}"
    return f"{ms(taken['q1'])} to {ms(taken['q3'])}"


def memory(found):
    def mb(size):
        return "" if size is None else f"{size / 2**20:.1f}"

    rows = [
        (f"{a['checks']:,}", mb(a["contexts"]), mb(a["process"]), mb(b["contexts"]), mb(b["process"]))
        for a, b in zip(found["statements"], found["loops"], strict=True)
    ]
    head = ["checks", "statements: contexts", "process", "PL/pgSQL loops: contexts", "process"]
    return "\n".join(
        [
            "## Memory of a backend\n",
            "MB after so many checks, 50,000 in each statement or loop: memory contexts, and what the process shares with",
            "no other.\n",
            table(head, rows),
        ]
    )


def growth(found):
    sizes = found["sizes"]

    def row(what, shown):
        return [what, *(shown(at) for at in sizes)]

    def written(part, way):
        return lambda at: (
            f"{part(at)[way]['median'] / part(at)['bare INSERT' if way == 'assign_perms' else 'two statements']['median']:.2f}"
        )

    rows = [
        row("check, varying user, µs", lambda at: f"{at['varying user']['has_perm']['median']:.2f}"),
        row("the same by EXISTS, µs", lambda at: f"{bars.quickest(at['varying user'], 'EXISTS'):.2f}"),
        row("check, reach 500, µs", lambda at: f"{at['reach 500']['has_perm']['median']:.2f}"),
        row("the same by EXISTS, µs", lambda at: f"{bars.quickest(at['reach 500'], 'EXISTS'):.2f}"),
        row("check, ten groups, µs", lambda at: f"{at['fixed user']['has_perm']['median']:.2f}"),
        row("the same by EXISTS, µs", lambda at: f"{bars.quickest(at['fixed user'], 'EXISTS'):.2f}"),
        row("prepared check, a second", lambda at: f"{at['prepared']['has_perm']['median']:,.0f}"),
        *(row(f"newest 20, {reach}, ms", lambda at, reach=reach: ms(at["newest 20"][reach]["median"])) for reach in sizes[0]["newest 20"]),
        row("planning it, ten groups, ms", lambda at: ms(at["planning"]["groups"]["has_perm"]["median"])),
        row("bytes a grant", lambda at: f"{at['writing']['bytes a grant']['rowgrant']:.0f}"),
        row("granting, grants a second", lambda at: granted(at["writing"]["granting"])),
        row("granting, times a bare INSERT", written(lambda at: at["writing"]["granting"]["ways"], "assign_perms")),
        row("mass delete, µs a grant", lambda at: deleted(at["writing"]["mass delete"])),
        row("mass delete, times two statements", written(lambda at: at["writing"]["mass delete"]["ways"], "protected")),
        row(
            "DELETE of one row without grants, µs",
            lambda at: f"{at['writing']['single delete']['loop']['protected']['median'] * 1e6:.1f}",
        ),
    ]
    return "\n".join(
        [
            "## Growth\n",
            "The same at sizes that are ten times each other. Reach 10 and 500 are fixed; that of a user with ten groups grows",
            "with the data.\n",
            table(["grants", *(f"{at['grants']:,}" for at in sizes)], rows),
        ]
    )


def granted(found):
    return f"{found['grants'] / found['ways']['assign_perms']['median']:,.0f}"


def deleted(found):
    return f"{found['ways']['protected']['median'] / found['grants'] * 1e6:.2f}"
