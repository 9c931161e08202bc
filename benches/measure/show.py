"""What was found, printed: the ratio of every way to the best, and what is beyond its bar."""

from . import bars
from .matrix import REACHES
from .results import load


def everything(size, parts):
    found = {part: load(size, part) for part in parts}
    if found.get("matrix"):
        matrix(found["matrix"])
    judged = bars.judged(found)
    for bar in judged:
        print(f"{'ok  ' if bar['ok'] else 'OVER'}  {bar['what']}: {bar['value']:.2f} (bar {bar['bar']})")


def matrix(found):
    for guarded in (False, True):
        cells = [cell for cell in found["cells"] if cell["policy"] == guarded]
        if not cells:
            continue
        ways = list(dict.fromkeys(way for cell in cells for way in cell["ways"]))
        print(f"\n{'under row-level security' if guarded else 'plain queries'}: ms, and in how many times the best of all ways")
        print(" " * 34 + "".join(f"{way[:15]:>20}" for way in ways))
        for query in dict.fromkeys(cell["query"] for cell in cells):
            for reach in REACHES:
                for cell in cells:
                    if (cell["query"], cell["reach"]) == (query, reach):
                        print(f"{query:26}{reach:>6}  " + "".join(entry(cell, way) for way in ways) + mark(cell))
    print()


def entry(cell, way):
    taken = cell["ways"].get(way)
    if taken is None:
        return f"{'-':>20}"
    ms = "> 20 s" if "over" in taken else f"{taken['median'] * 1000:.2f}"
    return f"{ms:>11}{'x' + format(bars.ratio(cell, way), '.4g'):>9}"


def mark(cell):
    return "" if bars.within(cell) else "  <-- over"
