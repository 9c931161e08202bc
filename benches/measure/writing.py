"""Granting in bulk, deleting, and the room that grants take."""

from . import data
from .points import pgbench
from .results import note
from .session import interleaved

SINGLE_ROWS = 3000


def measure(db, options):
    found = {"bytes a grant": room(db)}
    setup(db)
    try:
        found["granting"] = granting(db, min(options.runs, 5))
        found["mass delete"] = mass_delete(db, min(options.runs, 5))
        found["single delete"] = single_delete(db, min(options.runs, 5))
    finally:
        db.run("SELECT rowgrant.unprotect('batch', drop_grants => true)")
        db.run("DROP TABLE batch, expert.bare, expert.plain, expert.plain_batch")
        # The next part finds the tables as they were.
        db.run("VACUUM FULL rowgrant.grant_bigint")
        db.run("VACUUM FULL documents")
        data.vacuum(data.name_of(db.size))
    return found


def room(db):
    """Bytes, indexes included: of rowgrant's as they were when the data had just been loaded, for what the
    parts before this one rolled back takes room, too."""
    found = {"rowgrant": float(db.value("SELECT bytes FROM expert.room"))}
    for way, tables in {
        "by hand": ["expert.grants"],
        "guardian": ["guardian_userobjectpermission", "guardian_groupobjectpermission"],
    }.items():
        if db.value(f"SELECT to_regclass('{tables[0]}') IS NOT NULL") == "t":
            size = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
            rows = " + ".join(f"(SELECT count(*) FROM {table})" for table in tables)
            found[way] = float(db.value(f"SELECT ({size})::float8 / ({rows})"))
    return found


def setup(db):
    """Unprotected copies of the documents and of the grants, in the same order and with the same indexes;
    and tables, one of them protected, of rows that nobody holds."""
    note("    copying tables")
    for statement in (
        "CREATE TABLE expert.bare (LIKE rowgrant.grant_bigint INCLUDING ALL)",
        "INSERT INTO expert.bare SELECT * FROM rowgrant.grant_bigint ORDER BY object, perm, subject",
        "CREATE TABLE expert.plain (LIKE documents INCLUDING ALL)",
        "INSERT INTO expert.plain SELECT * FROM documents ORDER BY id",
        "CREATE TABLE batch (LIKE documents INCLUDING ALL)",
        f"INSERT INTO batch SELECT i, now(), 1, 1, 'Document', '' FROM generate_series(1, {max(50_000, db.size // 10)}) i",
        "CREATE TABLE expert.plain_batch (LIKE documents INCLUDING ALL)",
        "INSERT INTO expert.plain_batch SELECT * FROM batch ORDER BY id",
        "SELECT rowgrant.protect('batch')",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    ):
        db.run(statement)


def rolled_back(db, *statements):
    """Seconds of the statements, which then are undone: the next run finds the same rows."""
    db.run("BEGIN")
    taken = sum(db.seconds(statement)[0] for statement in (*statements, "SET CONSTRAINTS ALL IMMEDIATE"))
    db.run("ROLLBACK")
    return taken


def granting(db, runs):
    """Seconds of as many grants as there are documents, by ten users; other users in each run, for what was
    rolled back is still in the indexes."""
    note("    granting in bulk")
    objects = db.size // 10
    perm = permission(db, "batch")
    users, subjects = iter(range(1, 1 + 10 * runs, 10)), iter(range(1, 1 + 10 * runs, 10))

    def assign():
        ids = ",".join(map(str, range(first := next(users), first + 10)))
        keys = f"array(SELECT generate_series(1, {objects})::bigint)"
        return rolled_back(db, f"SELECT rowgrant.assign_perms(ARRAY[{ids}], '{{view}}', 'batch', {keys})")

    def insert():
        which = f"kind = 'u' AND key::integer BETWEEN {(first := next(subjects))} AND {first + 9}"
        ids = db.value(f"SELECT array_agg(id ORDER BY id) FROM rowgrant.subject WHERE {which}")
        grants = f"SELECT o, {perm}, unnest('{ids}'::integer[]) FROM generate_series(1, {objects}) o"
        return rolled_back(db, f"INSERT INTO expert.bare {grants}")

    return {"grants": objects * 10, "ways": interleaved({"assign_perms": assign, "bare INSERT": insert}, runs)}


def permission(db, name):
    return db.value(
        "SELECT p.id FROM rowgrant.permission p JOIN rowgrant.object_type t ON t.id = p.object_type"
        f" WHERE t.name = '{name}' AND p.name = 'view'"
    )


def mass_delete(db, runs):
    """Seconds to delete a tenth of the documents with all grants on them."""
    note("    deleting a tenth of the documents")
    rows = f"id <= {db.size // 10}"
    perm = permission(db, "documents")
    grants = int(db.value(f"SELECT count(*) FROM rowgrant.grant_bigint WHERE perm = {perm} AND object <= {db.size // 10}"))
    by_hand = f"DELETE FROM expert.bare WHERE perm = {perm} AND object IN (SELECT id FROM expert.plain WHERE {rows})"
    plain = f"DELETE FROM expert.plain WHERE {rows}"
    ways = {
        "protected": lambda: rolled_back(db, f"DELETE FROM documents WHERE {rows}"),
        "two statements": lambda: rolled_back(db, by_hand, plain),
        "without grants": lambda: rolled_back(db, plain),
    }
    for call in ways.values():
        call()
    return {"rows": db.size // 10, "grants": grants, "ways": interleaved(ways, runs)}


def single_delete(db, runs):
    """Seconds to delete one row on which nobody holds anything: as prepared statements of pgbench, and in
    a loop on the server, where nothing but the DELETE is counted."""
    note("    deleting single rows")
    from_pgbench = {}
    for way, table in {"protected": "batch", "unprotected": "expert.plain_batch"}.items():
        call = pgbench(db.size, f"\\set id :id + 1\nDELETE FROM {table} WHERE id = :id;\n", "-t", SINGLE_ROWS)
        starts = iter(range(0, SINGLE_ROWS * runs, SINGLE_ROWS))
        from_pgbench[way] = lambda call=call, starts=starts: call("-D", f"id={next(starts)}")

    def loop(table):
        rows = f"FOR i IN 40001..{40000 + SINGLE_ROWS} LOOP DELETE FROM {table} WHERE id = i; END LOOP"
        return lambda: rolled_back(db, f"DO $$ BEGIN {rows}; END $$") / SINGLE_ROWS

    loops = {"protected": loop("batch"), "unprotected": loop("expert.plain_batch")}
    return {"pgbench": interleaved(from_pgbench, runs), "loop": interleaved(loops, runs)}
