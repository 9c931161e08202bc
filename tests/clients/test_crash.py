"""A backend, or the whole server, is killed in the midst of a bulk grant or of a mass delete."""

import os
import signal
import threading
import time

import psycopg
import pytest
import servers
from conftest import connect, value

ROWS = 100_000


@pytest.fixture
def server():
    with servers.folder() as folder:
        servers.call("initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync")
        servers.start(folder)
        with connect("postgres", host=str(folder)) as db:
            db.execute("CREATE EXTENSION rowgrant")
            db.execute("CREATE TABLE documents (id bigint PRIMARY KEY)")
            db.execute(f"INSERT INTO documents SELECT generate_series(1, {ROWS})")
            db.execute("SELECT rowgrant.protect('documents')")
        yield folder


def reconnect(folder):
    for _ in range(300):
        try:
            return connect("postgres", host=str(folder))
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("the server did not come back")


def interrupted(folder, sql, kill):
    """Runs a statement until `kill` ends its backend; whether it had been committed by then."""
    with connect("postgres", host=str(folder)) as db:
        pid = db.info.backend_pid
        killer = threading.Timer(0.25, kill, [pid])
        killer.start()
        try:
            db.execute(sql)
            return True
        except psycopg.OperationalError:
            return False
        finally:
            killer.join()


def kill_backend(pid):
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("whole_server", [False, True])
def test_all_or_nothing_after_a_crash(server, whole_server):
    def kill(pid):
        if whole_server:
            postmaster = int((server / "data/postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGKILL)
        kill_backend(pid)

    def recover():
        if whole_server:
            # Its children end when they notice; a new one refuses to start before.
            for _ in range(100):
                try:
                    servers.start(server)
                    break
                except Exception:
                    time.sleep(0.1)
        return reconnect(server)

    grant = "SELECT rowgrant.assign_perms(ARRAY[1, 2, 3], '{view}', 'documents', ARRAY(SELECT id FROM documents))"
    committed = interrupted(server, grant, kill)
    with recover() as db:
        assert value(db, "SELECT count(*) FROM rowgrant.grant_bigint") == (3 * ROWS if committed else 0)
        assert not committed, "the statement ended before it could be killed"
        assert value(db, grant) == 3 * ROWS
    committed = interrupted(server, "DELETE FROM documents WHERE id > 1", kill)
    with recover() as db:
        left = 1 if committed else ROWS
        assert value(db, "SELECT count(*) FROM documents") == left
        assert value(db, "SELECT count(*) FROM rowgrant.grant_bigint") == 3 * left
        assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
        assert db.execute("SELECT * FROM rowgrant.doctor()").fetchall() == []
        assert value(db, "SELECT rowgrant.has_perm(1, 'view', 'documents', 1)")
