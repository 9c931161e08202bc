"""Where results are kept, and what they were found with."""

import datetime
import json
import os
import pathlib
import platform
import sys

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "bench"


def say(text):
    print(f"==> {text}", flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)


def save(size, part, found):
    path = FOLDER / str(size) / f"{part}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")


def load(size, part):
    """What was found last; None where that part was not measured."""
    path = FOLDER / str(size) / f"{part}.json"
    return json.loads(path.read_text()) if path.exists() else None


def about(db):
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "postgresql": db.value("SHOW server_version").split()[0],
        "rowgrant": db.value("SELECT extversion FROM pg_extension WHERE extname = 'rowgrant'"),
        "documents": int(db.value("SELECT count(*) FROM documents")),
        "users": int(db.value("SELECT count(*) FROM users")),
        "grants": int(db.value("SELECT count(*) FROM rowgrant.grant_bigint")),
        "settings": {
            name: db.value(f"SHOW {name}")
            for name in ("shared_buffers", "work_mem", "jit", "synchronous_commit", "max_parallel_workers_per_gather")
        },
    }


def machine():
    model = ""
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except OSError:
        return platform.machine()
    return f"{model or platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}"
