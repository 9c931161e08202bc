"""The queries of the matrix: SQL with {d} and {f} for the conditions on a document and on a folder."""

from dataclasses import dataclass

NEWEST = "ORDER BY d.created_at DESC LIMIT 20"


@dataclass(frozen=True)
class Query:
    sql: str
    # Without ORDER BY any 20 of the permitted rows will do.
    any_rows: bool = False
    # Its condition is in the select list, where a policy cannot be.
    selects: bool = False


QUERIES = {
    "count": Query("SELECT count(*) FROM documents d WHERE {d}"),
    "newest 20": Query(f"SELECT d.id, d.title FROM documents d WHERE {{d}} {NEWEST}"),
    "newest 20 after a cursor": Query(f"SELECT d.id, d.title FROM documents d WHERE d.created_at < '{{cursor}}' AND {{d}} {NEWEST}"),
    "one row by key": Query("SELECT d.id, d.title FROM documents d WHERE d.id = {key} AND {d}"),
    "another condition": Query("SELECT d.id, d.title FROM documents d WHERE d.author = {author} AND {d} ORDER BY d.id"),
    "join, newest 20": Query(f"SELECT d.id, f.name FROM documents d JOIN folders f ON f.id = d.folder_id WHERE {{d}} AND {{f}} {NEWEST}"),
    "join, count": Query("SELECT count(*) FROM documents d JOIN folders f ON f.id = d.folder_id WHERE {d} AND {f}"),
    "50 rows, select list": Query("SELECT d.id, {d} AS may FROM documents d ORDER BY d.created_at DESC LIMIT 50", selects=True),
    "any 20": Query("SELECT d.id, d.title FROM documents d WHERE {d} LIMIT 20", any_rows=True),
}


def parameters(db, user):
    """A document that the user may view (where there is one) from the middle of his, for key and author;
    the cursor is in the middle of all."""
    found = db.rows(
        "SELECT d.id, d.author FROM documents d WHERE d.id IN"
        f" (SELECT object FROM expert.grants WHERE perm = 1 AND subject = {user} ORDER BY hashint8(object) LIMIT 1)"
    ) or db.rows(f"SELECT id, author FROM documents WHERE id = {db.size // 2}")
    cursor = db.value(f"SELECT created_at FROM documents ORDER BY created_at OFFSET {db.size // 2} LIMIT 1")
    return {"key": found[0][0], "author": found[0][1], "cursor": cursor}
