"""psql, spoken to as a person would, with what it is told shown."""

import subprocess
import sys
import textwrap

PSQL = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]


def escape(value):
    """A value in the text format of COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    text = str(value).replace("\\", "\\\\").replace("\t", "\\t")
    return text.replace("\n", "\\n").replace("\r", "\\r")


def unescape(text):
    """A field of COPY's text format that holds no NULL."""
    return (text.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n")
            .replace("\\r", "\r").replace("\0", "\\"))


def copy_data(rows):
    return "".join("\t".join(map(escape, row)) + "\n" for row in rows)


class Session:
    """One database, reached through the PG* variables of the environment."""

    def __init__(self):
        self.last_rows = []

    def _run(self, script, options=(), shown=False):
        done = subprocess.run(PSQL + list(options), input=script, text=True, check=False,
                              stdout=None if shown else subprocess.PIPE)
        if done.returncode != 0:
            sys.exit(done.returncode)
        return done.stdout

    def show(self, script):
        """Runs statements, each shown before its result."""
        script = textwrap.dedent(script).strip()
        print(flush=True)
        self._run(script + "\n", ["-e"], shown=True)

    def rows(self, sql):
        """The rows of a query, as tuples of text."""
        out = self._run(f"COPY ({sql}) TO STDOUT;\n")
        return [tuple(map(unescape, line.split("\t"))) for line in out.splitlines()]

    def value(self, sql):
        """The one value of a query."""
        return self.rows(sql)[0][0]

    def copy(self, table, rows):
        """Loads rows into a table."""
        self._run(f"COPY {table} FROM STDIN;\n{copy_data(rows)}\\.\nANALYZE {table};\n")

    def copy_into(self, create, table, rows, query):
        """Loads rows into a table made for it, and keeps the rows of a query over it."""
        out = self._run(f"{create};\nCOPY {table} FROM STDIN;\n{copy_data(rows)}\\.\n"
                        f"COPY ({query}) TO STDOUT;\n")
        self.last_rows = [tuple(map(unescape, line.split("\t"))) for line in out.splitlines()]
