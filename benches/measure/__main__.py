"""Builds the data, measures, keeps what was found as JSON in target/bench, and prints it."""

import argparse
import time

from . import data, growth, keys, matrix, memory, points, report, results, show, writing

PARTS = {
    "matrix": matrix.measure,
    "points": points.measure,
    "keys": keys.measure,
    "writing": writing.measure,
    "memory": memory.measure,
    "growth": growth.measure,
}


def main():
    parser = argparse.ArgumentParser(prog="benches/run", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="documents; ten times as many grants (default: 100000)")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them: " + ", ".join(PARTS))
    parser.add_argument("--runs", type=int, default=7, help="runs of each way that takes less than half a second (default: 7)")
    parser.add_argument("--queries", help="with the matrix: only these queries, with commas between them")
    parser.add_argument("--report", action="store_true", help="measure nothing; write docs/performance.md from what was found last")
    parser.add_argument("--show", action="store_true", help="measure nothing; print what was found last")
    options = parser.parse_args()
    parts = options.only.split(",")
    unknown = set(parts) - PARTS.keys()
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.size < 10_000 or options.size % 10_000:
        parser.error("the size is a multiple of 10000")

    if options.report:
        report.write(options.size)
        return
    if not options.show:
        for part in parts:
            start = time.monotonic()
            results.say(f"{part}, {options.size} documents")
            with data.database(options.size, guardian=part == "matrix") as db:
                found = PARTS[part](db, options)
                results.save(options.size, part, {"about": results.about(db), **found})
            results.say(f"{part} took {time.monotonic() - start:.0f} s")
    show.everything(options.size, parts)


if __name__ == "__main__":
    main()
