"""psql, told what a person would type, with statements and results shown."""

import os
import subprocess
import sys
import textwrap

PSQL = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "pager=off"]
ESCAPES = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
TO_ESCAPES = str.maketrans(ESCAPES)
FROM_ESCAPES = {escape[1]: char for char, escape in ESCAPES.items()}


def literal(text):
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def field(value):
    """A value in the text format of COPY."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).translate(TO_ESCAPES)


def value_of(text):
    """What a field of COPY's text format, not NULL, stands for."""
    chars, out = iter(text), []
    for char in chars:
        if char == "\\":
            char = next(chars)
            char = FROM_ESCAPES.get(char, char)
        out.append(char)
    return "".join(out)


def run(script, options=(), shown=False):
    """Runs a script, and returns its output unless that is shown. An error ends the demo."""
    done = subprocess.run(PSQL + list(options), input=script.encode("utf-8"), check=False,
                          stdout=None if shown else subprocess.PIPE,
                          env=dict(os.environ, PGCLIENTENCODING="UTF8"))
    if done.returncode != 0:
        sys.exit(done.returncode)
    return "" if shown else done.stdout.decode("utf-8")


def show(script):
    """Runs statements, each shown before its result."""
    print(flush=True)
    run(textwrap.dedent(script).strip() + "\n", ["-e"], shown=True)


def rows(sql):
    """The rows of a query without NULLs, as tuples of text."""
    lines = run(f"COPY ({sql}) TO STDOUT;\n").split("\n")[:-1]
    return [tuple(map(value_of, line.split("\t"))) for line in lines]


def value(sql):
    """The one value of a query."""
    return rows(sql)[0][0]


def load(table, records):
    """Fills a table by COPY."""
    lines = "".join("\t".join(map(field, record)) + "\n" for record in records)
    run(f"COPY {table} FROM STDIN;\n{lines}\\.\nANALYZE {table};\n")
    print(f"  {len(records)} rows loaded into {table}", file=sys.stderr, flush=True)
