"""The chart of docs/performance.md: time over reach for each way, a panel for each query."""

import math

from . import bars
from .matrix import REACHES

COLOURS = {
    "has_perm": "#c0272d",
    "objects_for_user": "#e8862e",
    "semi-join": "#2f6fb5",
    "EXISTS": "#35a3a0",
    "ANY(ARRAY)": "#6a4fa3",
    "PL/pgSQL": "#8a8a8a",
    "guardian": "#4b8b3b",
}
COLUMNS, WIDTH, HEIGHT, LEFT, TOP, GAP = 3, 250, 170, 62, 96, 62
# Decades of seconds at the bottom and at the top of each panel.
LOW, HIGH = -5, 1.5


def draw(cells):
    queries = list(dict.fromkeys(cell["query"] for cell in cells))
    ways = list(dict.fromkeys(way for cell in cells for way in cell["ways"]))
    rows = math.ceil(len(queries) / COLUMNS)
    width, height = LEFT + COLUMNS * (WIDTH + GAP), TOP + rows * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        "<title>Time over reach for each way, by query</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        text(LEFT, 22, "Time of a query over the reach of the user who asks", size=15),
        text(
            LEFT,
            40,
            "The reach is how many rows he may view. Times are on a logarithmic scale; an open circle: given up after 20 s.",
        ),
    ]
    for i, way in enumerate(ways):
        x = LEFT + i * 126
        parts += [line([(x, 60), (x + 20, 60)], way), text(x + 26, 64, way)]
    for i, query in enumerate(queries):
        x, y = LEFT + i % COLUMNS * (WIDTH + GAP), TOP + i // COLUMNS * (HEIGHT + GAP)
        parts += panel(query, {cell["reach"]: cell for cell in cells if cell["query"] == query}, ways, x, y)
    return "\n".join([*parts, "</svg>", ""])


def panel(query, by_reach, ways, left, top):
    reaches = [reach for reach in REACHES if reach in by_reach]
    parts = [text(left, top - 6, query, size=12, weight="bold")]
    for decade in range(math.ceil(LOW), math.floor(HIGH) + 1):
        y = height_of(10**decade, top)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + WIDTH}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(text(left - 6, y + 4, label(decade), anchor="end"))

    def x_of(i):
        return left + (i + 0.5) * WIDTH / len(reaches)

    parts += [text(x_of(i), top + HEIGHT + 14, reach, anchor="middle") for i, reach in enumerate(reaches)]
    # The first way last, so that it is on top.
    for way in reversed(ways):
        points = [
            (x_of(i), height_of(bars.time(taken), top), "over" in taken)
            for i, reach in enumerate(reaches)
            if (taken := by_reach[reach]["ways"].get(way))
        ]
        parts.append(line([(x, y) for x, y, _ in points], way))
        fill = {True: "white", False: colour(way)}
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{fill[over]}" stroke="{colour(way)}"/>' for x, y, over in points]
    return parts


def label(decade):
    return f"{10**decade} s" if decade >= 0 else f"{10 ** (decade + 3):g} ms"


def height_of(seconds, top):
    return top + HEIGHT * (HIGH - math.log10(max(seconds, 10**LOW))) / (HIGH - LOW)


def colour(way):
    return COLOURS.get(way, "#000000")


def line(points, way):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    thick = 2.6 if way == "has_perm" else 1.3
    return f'<polyline points="{path}" fill="none" stroke="{colour(way)}" stroke-width="{thick}"/>'


def text(x, y, words, anchor="start", size=11, weight="normal"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="#333333">{words}</text>'
