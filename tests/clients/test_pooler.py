"""PgBouncer in transaction mode: clients in turn on one server connection, none sees another's user."""

import contextlib
import os
import random
import shutil
import subprocess
import threading
import time

import psycopg
import pytest

import servers
from conftest import value

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
TRANSACTIONS = int(os.environ.get("ROWGRANT_POOLED", 10_000))
THREADS = 4


@pytest.fixture
def pooled(database):
    """Connects through a pooler that has one server connection for all."""
    assert PGBOUNCER, "pgbouncer is not installed: run scripts/setup"
    with servers.folder() as folder:
        (folder / "pgbouncer.ini").write_text(f"""
[databases]
{database} = host={os.environ["PGHOST"]} port={os.environ["PGPORT"]} user=postgres
[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 1
max_client_conn = 100
server_reset_query =
""")
        bouncer = subprocess.Popen([*servers.AS_SERVER, PGBOUNCER, "-q", folder / "pgbouncer.ini"], cwd="/",
                                   stderr=subprocess.DEVNULL)
        try:
            with contextlib.ExitStack() as clients:
                def connect(**options):
                    for attempt in range(50):
                        with contextlib.suppress(psycopg.OperationalError):
                            return clients.enter_context(psycopg.connect(
                                host=folder, port=6432, dbname=database, user="postgres", prepare_threshold=None, **options))
                        time.sleep(0.1)
                    raise AssertionError("the pooler does not answer")
                yield connect
        finally:
            bouncer.terminate()
            bouncer.wait(10)


def visible(client):
    rows = client.execute("SELECT rowgrant.current_user_id(), pg_backend_pid(), "
                          "array(SELECT id FROM documents d WHERE rowgrant.can('view', d) ORDER BY id)").fetchone()
    return rows[0], rows[2], rows[1]


def one_transaction(client, chance, user, backends):
    """What the user sees is his own, however the transaction before it on this server connection ended."""
    client.execute("BEGIN")
    who, ids, backend = visible(client)
    backends.add(backend)
    assert who is None and ids == [], f"the user of another transaction: {who}"
    what = chance.choice(["commit", "rollback", "error", "savepoint", "nobody", "anonymous"])
    if what != "nobody":
        client.execute("SELECT rowgrant.set_user(%s)", [None if what == "anonymous" else user])
    if what == "savepoint":
        client.execute("SAVEPOINT s")
        client.execute("SELECT rowgrant.set_user(%s)", [user % 20 + 1])
        assert visible(client)[:2] == (str(user % 20 + 1), [user % 20 + 1])
        client.execute("ROLLBACK TO s")
    if what in ("nobody", "anonymous"):
        assert visible(client)[:2] == (None, [])
    else:
        assert visible(client)[:2] == (str(user), [user])
    if what == "error":
        with pytest.raises(psycopg.errors.DivisionByZero):
            client.execute("SELECT 1 / 0")
    client.execute("ROLLBACK" if what in ("rollback", "error") else "COMMIT")


def test_interleaved_clients_on_one_server_connection_never_cross(db, pooled):
    db.execute("SELECT rowgrant.assign_perm(id, 'view', 'documents', id) FROM documents")
    seed = int(os.environ.get("ROWGRANT_SEED", time.time_ns() % 1_000_000))
    print(f"ROWGRANT_SEED={seed}")
    failures, done, backends = [], [], set()

    def client_thread(number):
        chance = random.Random(seed + number)
        clients = [pooled(autocommit=True) for _ in range(3)]
        try:
            for _ in range(TRANSACTIONS // THREADS):
                one_transaction(chance.choice(clients), chance, chance.randint(1, 20), backends)
                done.append(number)
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=client_thread, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert len(done) == TRANSACTIONS // THREADS * THREADS
    assert len(backends) == 1, "the clients had a server connection each"


def test_a_client_that_goes_in_the_midst_takes_its_user_with_it(db, pooled):
    db.execute("SELECT rowgrant.assign_perm(7, 'view', 'documents', 7)")
    gone, stays = pooled(autocommit=True), pooled(autocommit=True)
    gone.execute("BEGIN")
    gone.execute("SELECT rowgrant.set_user(7)")
    assert visible(gone)[:2] == ("7", [7])
    gone.close()
    assert visible(stays)[:2] == (None, [])


def test_without_a_transaction_the_user_is_gone_at_once_and_a_warning_says_so(db, pooled):
    db.execute("SELECT rowgrant.assign_perm(7, 'view', 'documents', 7)")
    client, notices = pooled(autocommit=True), []
    client.add_notice_handler(lambda notice: notices.append(notice.sqlstate))
    client.execute("SELECT rowgrant.set_user(7)")
    assert notices == ["25P01"]
    assert value(client, "SELECT rowgrant.current_user_id()") is None
    assert visible(client)[:2] == (None, [])
