"""Memory of a backend over a million checks."""

import pathlib

from . import data

BY_STATEMENT = "SELECT count(*) FILTER (WHERE rowgrant.has_perm(c.user_id, 'view', 'documents', c.object)) FROM expert.checks c"
BY_LOOP = """DO $$
DECLARE
    c record;
    held boolean;
BEGIN
    FOR c IN SELECT * FROM expert.checks LOOP
        held := rowgrant.has_perm(c.user_id, 'view', 'documents', c.object);
    END LOOP;
END $$"""


def measure(db, options):
    return {"statements": over(db.size, BY_STATEMENT), "loops": over(db.size, BY_LOOP)}


def over(size, statement):
    """By the number of checks done: bytes in the backend's memory contexts, and of its process that it
    shares with no other (None where the system does not tell)."""
    found = []
    with data.connect(size) as db:
        pid = db.value("SELECT pg_backend_pid()")
        for done in range(21):
            if done in (0, 1, 2, 10, 20):
                contexts = int(db.value("SELECT sum(total_bytes) FROM pg_backend_memory_contexts"))
                found.append({"checks": done * 50_000, "contexts": contexts, "process": private(pid)})
            db.run(statement)
    return found


def private(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
