"""A connection that sends statements by the simple protocol and measures them."""

import functools
import statistics
import time

import psycopg

TUPLES_OK, COMMAND_OK = psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK
TIMEOUT = 20.0


class TooSlow(Exception):
    """The statement was given up after TIMEOUT seconds."""


class Session:
    def __init__(self, connection, size):
        self.connection = connection
        self.size = size

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    @functools.cached_property
    def known(self):
        """Users of known reach, by its name: id and number of documents."""
        return {name: (int(user), reach and int(reach)) for name, user, reach in self.rows("SELECT * FROM expert.known")}

    def run(self, sql):
        """libpq's PQexec: parsed and planned anew each time, and no driver's work in what is measured."""
        result = self.connection.pgconn.exec_(sql.encode())
        if result.status not in (TUPLES_OK, COMMAND_OK):
            if result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"57014":
                raise TooSlow
            raise RuntimeError(f"{result.error_message.decode()}\n{sql}")
        return result

    def seconds(self, sql):
        """How long the statement takes, and its result."""
        start = time.perf_counter()
        result = self.run(sql)
        return time.perf_counter() - start, result

    def rows(self, sql):
        return rows(self.run(sql))

    def value(self, sql):
        return self.rows(sql)[0][0]

    def plan(self, sql):
        """The plan as EXPLAIN shows it."""
        return [row[0] for row in self.rows("EXPLAIN " + sql)]


def rows(result):
    """The rows of a result as text."""
    return [
        tuple(v.decode() if (v := result.get_value(i, j)) is not None else None for j in range(result.nfields))
        for i in range(result.ntuples)
    ]


def spread(times):
    """Median and quartiles of measured times."""
    quartiles = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else [times[0]] * 3
    return {"median": statistics.median(times), "q1": quartiles[0], "q3": quartiles[2], "runs": len(times)}


def interleaved(ways, runs):
    """Calls each way in turn, over and over, so that whatever else the machine does hits all alike. A
    way returns seconds; `runs` is how many times, or for each way its own number."""
    times = {way: [] for way in ways}
    often = runs if isinstance(runs, dict) else dict.fromkeys(ways, runs)
    for i in range(max(often.values())):
        for way, call in ways.items():
            if i < often[way]:
                times[way].append(call())
    return {way: spread(taken) for way, taken in times.items()}
