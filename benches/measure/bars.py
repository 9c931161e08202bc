"""The bars, and what stands above them."""

# Times under a millisecond may differ by this many seconds and count as equal.
SMALL, SLACK = 0.001, 0.0003
CELL = 1.5


def time(taken):
    return taken.get("median", taken.get("over"))


def best(cell):
    return min(time(taken) for taken in cell["ways"].values())


def ratio(cell, way):
    """The time of a way over that of the best way; a lower bound where it was given up."""
    return time(cell["ways"][way]) / best(cell)


def counted(cell, way):
    """The ratio, or 1 where the difference is too small to count."""
    taken, least = time(cell["ways"][way]), best(cell)
    return 1.0 if least < SMALL and taken - least <= SLACK else taken / least


def ours(cell):
    return next(iter(cell["ways"]))


def within(cell):
    return counted(cell, ours(cell)) <= CELL


def worst(cells):
    """By way: its worst cell."""
    found = {}
    for cell in cells:
        for way in cell["ways"]:
            if way not in found or counted(cell, way) > counted(found[way], way):
                found[way] = cell
    return found


def quickest(ways, prefix):
    """The least median of the ways whose name begins so."""
    return min(taken["median"] for way, taken in ways.items() if way.startswith(prefix))


def judged(found):
    """All bars that the results tell about: what, value, bar, ok; a bar with 'at least' is one from below."""
    bars = []

    def most(what, value, bar):
        bars.append({"what": what, "value": value, "bar": f"at most {bar}", "ok": value <= bar})

    def least(what, value, bar):
        bars.append({"what": what, "value": value, "bar": f"at least {bar}", "ok": value >= bar})

    if matrix := found.get("matrix"):
        for guarded in (False, True):
            cells = [cell for cell in matrix["cells"] if cell["policy"] == guarded]
            if cells:
                cell = worst(cells)[ours(cells[0])]
                where = f"{cell['query']}, reach {cell['reach']}{', row-level security' if guarded else ''}"
                most(
                    f"worst cell of {ours(cell)} against the best of all ways ({where})",
                    counted(cell, ours(cell)),
                    CELL,
                )
    if points := found.get("points"):
        for who, ways in points["one_statement"].items():
            most(
                f"check in one statement, {who}, against EXISTS",
                ways["has_perm"]["median"] / quickest(ways, "EXISTS"),
                1.0,
            )
        for whose, ways in points["prepared"].items():
            rates = {way: rate["median"] for way, rate in ways.items()}
            fastest = max(rate for way, rate in rates.items() if way.startswith("EXISTS"))
            for what, rate in {"EXISTS asking the same": rates["EXISTS, asking the same"], "the fastest EXISTS": fastest}.items():
                least(f"prepared check of {whose}, rate against {what}", rates["has_perm"] / rate, 0.95)
    if keys := found.get("keys"):
        for what, ways in keys["queries"].items():
            for kind, taken in ways.items():
                if kind != "bigint":
                    cell = {"ways": {"bigint": ways["bigint"], kind: taken}}
                    most(f"{kind} key against bigint, {what}", counted(cell, kind), 1.5)
    if writing := found.get("writing"):
        ways = writing["granting"]["ways"]
        least(
            "assign_perms, rate against a bare INSERT",
            ways["bare INSERT"]["median"] / ways["assign_perms"]["median"],
            0.8,
        )
        ways = writing["mass delete"]["ways"]
        most("mass delete against two statements", ways["protected"]["median"] / ways["two statements"]["median"], 1.15)
        for how, name in {"pgbench": "prepared", "loop": "in a loop on the server"}.items():
            ways = writing["single delete"][how]
            what = f"DELETE of a row without grants against an unprotected table, {name}"
            most(what, ways["protected"]["median"] / ways["unprotected"]["median"], 1.2)
    if (growth := found.get("growth")) and len(growth["sizes"]) > 1:
        first, last = growth["sizes"][0], growth["sizes"][-1]
        span = f"{first['grants']:,} to {last['grants']:,} grants"
        for who in ("varying user", "reach 500"):
            most(
                f"growth of a check, {who}, {span}",
                last[who]["has_perm"]["median"] / first[who]["has_perm"]["median"],
                2,
            )
        rate = first["prepared"]["has_perm"]["median"] / last["prepared"]["has_perm"]["median"]
        most(f"growth of a prepared check, {span}", rate, 2)
        for reach in ("reach 10", "reach 500"):
            most(
                f"growth of the newest 20, {reach}, {span}",
                last["newest 20"][reach]["median"] / first["newest 20"][reach]["median"],
                2,
            )
    return bars
