"""Servers of a test's own, beside the one that all tests share."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

BIN = pathlib.Path(shutil.which("pg_basebackup") or "pg_basebackup").resolve().parent
# PostgreSQL refuses root.
AS_SERVER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def call(program, *arguments, cwd="/"):
    """Runs a program of the test server's PostgreSQL, or of another one by its path."""
    subprocess.run([*AS_SERVER, BIN / program, *map(str, arguments)], cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def start(folder, options=""):
    options = f"-c unix_socket_directories={folder} -c listen_addresses='' {options}"
    call("pg_ctl", "start", "-D", folder / "data", "-l", folder / "log", "-w", "-s", "-o", options)


@contextlib.contextmanager
def folder():
    """A folder that the server's user may use, with a path short enough for a socket; a server whose
    data are in it is stopped at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="rowgrant-", dir="/tmp"))
    if AS_SERVER:
        shutil.chown(path, "postgres")
    try:
        yield path
    finally:
        if (path / "data/postmaster.pid").exists():
            call("pg_ctl", "stop", "-D", path / "data", "-m", "immediate", "-w", "-s")
        shutil.rmtree(path)
