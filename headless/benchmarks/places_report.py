"""The rows of ``places`` as Markdown and a figure: mAP by arm, and where p went."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .comparison import interval, markdown, signed
from .statistics import median_interval, wins
from .table import commits, number, read_rows

Rows = Sequence[Mapping[str, str]]
#: A file is of one version.
FILES = ("places.csv", "places_match.csv", "places_autosimulate.csv")
#: The room like that of LM-O's photographs.
MATCHING = "office desk"
#: Arms in this order.
NAMES = {"none": "all 54 alike, never moved (null control)",
         "autosimulate": "**AutoSimulate**, the hypergradient alone",
         "match-autosimulate": "match, then AutoSimulate (the default)", "match": "match alone",
         "bo": "Bayesian optimisation", "random": "random search", "lts": "LTS (REINFORCE)",
         "room": f"{MATCHING} alone, its 18 alike (someone who looked)",
         "approximate-quadratic": "... approximate quadratic", "linear": "... linear",
         "no-validation": "... without the photographs"}
#: The methods that pay a training for a number.
TRIALS = ("bo", "random", "lts")


def read(results: Path) -> list[dict[str, str]]:
    return read_rows(*(results / name for name in FILES))


def pack(p: Mapping[str, float]) -> str:
    """"office desk, low, near, coarse: 0.0185; ...", as a cell."""
    return "; ".join(f"{state}: {share:.4g}" for state, share in p.items())


def unpack(cell: str) -> dict[str, float]:
    return {state: float(share) for state, _, share in (each.rpartition(": ") for each in cell.split("; "))}


def shares(p: Mapping[str, float]) -> dict[str, float]:
    """The share of p that each word of the states' names has: of a room, an elevation, a distance, a quality."""
    found: dict[str, float] = {}
    for state, share in p.items():
        for word in state.split(", "):
            found[word] = found.get(word, 0.0) + share
    return found


def in_room(p: Mapping[str, float]) -> list[float]:
    """p of someone who has looked at the photographs: as it is within the matching room, 0 elsewhere."""
    inside = [share if state.startswith(f"{MATCHING}, ") else 0.0 for state, share in p.items()]
    return [share / sum(inside) for share in inside]


def summary(rows: Rows) -> list[str]:
    """A line for each arm: medians with 95 % intervals, and mAP against the null control's of the same seed."""
    maps = by_arm(rows, "map50")
    lines = []
    for arm, name in NAMES.items():
        if arm not in maps:
            continue
        own = [row for row in rows if row["arm"] == arm]
        cells = ["-"] * 3
        if arm != "none":
            none, ours = (maps.get(other, {}) for other in ("none", "autosimulate"))
            cells = [_gain(maps[arm], none), _wins(maps[arm], none),
                     "-" if arm == "autosimulate" else _wins(ours, maps[arm])]
        lines.append([name, own[0]["renders"], str(len(own)), interval(maps[arm]),
                      interval(by_arm(own, "coco_map")[arm]), interval(by_arm(own, "loss")[arm]), *cells,
                      f"{statistics.median(number(row, 'room') for row in own):.0%}".replace("%", " %"),
                      f"{statistics.median(number(row, 'search_seconds') for row in own):.0f}"])
    return markdown(["", "renders", "seeds", "mAP@.5", "COCO mAP", "calibrated loss", "mAP@.5 against the null control",
                     "better in", "AutoSimulate better in", f"p on the {MATCHING}", "seconds"], lines)


def by_arm(rows: Rows, column: str) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        found.setdefault(row["arm"], {})[int(row["seed"])] = number(row, column)
    return found


def _wins(first: Mapping[int, float], second: Mapping[int, float]) -> str:
    return " of ".join(map(str, wins(first, second)))


def _gain(own: Mapping[int, float], none: Mapping[int, float]) -> str:
    gains = [own[seed] - none[seed] for seed in sorted(own) if seed in none]
    if not gains:
        return "-"
    middle, low, high = median_interval(gains)
    return f"{signed(middle)} [{signed(low)}, {signed(high)}]" if len(gains) > 3 else signed(middle)


def draw(rows: Rows, path: Path) -> None:
    """Left, mAP by arm, a line a seed; right, the mean p of each state after a run of AutoSimulate."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    maps = by_arm(rows, "map50")
    arms = [arm for arm in NAMES if arm in maps]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4.2), layout="constrained", width_ratios=(1, 1.5))
    for seed in sorted({seed for each in maps.values() for seed in each}):
        points = [(place, maps[arm][seed]) for place, arm in enumerate(arms) if seed in maps[arm]]
        left.plot(*zip(*points, strict=True), "o-", color="0.6", linewidth=0.6, markersize=4)
    for place, arm in enumerate(arms):
        middle = statistics.median(maps[arm].values())
        left.plot([place - 0.25, place + 0.25], [middle, middle], color="tab:blue", linewidth=2.5)
    left.set_xticks(range(len(arms)), arms, rotation=30, ha="right", fontsize=8)
    left.set_title("mAP@.5 on LM-O's test photographs\n(a line a seed; bar: median)", fontsize=9)
    own = [unpack(row["p"]) for row in rows if row["arm"] == "autosimulate"]
    states = list(own[0]) if own else []
    rooms = list(dict.fromkeys(state.split(", ")[0] for state in states))
    views = list(dict.fromkeys(state.partition(", ")[2] for state in states))
    mean = [[statistics.fmean(each[f"{room}, {view}"] for each in own) for view in views] for room in rooms]
    if own:
        shown = right.imshow(mean, aspect="auto", cmap="viridis", vmin=0.0)
        right.set_xticks(range(len(views)), views, rotation=60, ha="right", fontsize=6)
        right.set_yticks(range(len(rooms)), rooms, fontsize=8)
        right.set_title(f"p after AutoSimulate, mean of {len(own)} seeds (before: {1 / len(states):.3f} each)",
                        fontsize=9)
        figure.colorbar(shown, ax=right, shrink=0.8)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def sections(results: Path) -> list[tuple[str, str]]:
    """The part of RESULTS.md, where there are rows."""
    rows = read(results)
    if not rows:
        return []
    one = rows[0]
    runs = {row["arm"]: row["run"].split("x") for row in rows if row["run"]}
    iterations, images = runs["autosimulate"]
    seeds = ",".join(map(str, sorted({int(row["seed"]) for row in rows})))
    return [("LM-O, the paper's own experiment: one choice among 54 states, a detector", (
        f"psi: three rooms x nine places x two qualities, uniform at the start. {one['width']} pixels wide; a method "
        f"draws its renders from two pools of {one['each']} of each state, so that draws of a state repeat; judges "
        f"({one['judges']} a psi, {one['judged_on']} renders in p's proportions, none twice) from the other pools, the "
        "same random numbers for all arms of a seed; l2 is chosen on `val`, scores are on the 70 `test` photographs. "
        f"Medians [95 %]. `python headless/benchmark.py places --data LMO --seeds {seeds} --each {one['each']} "
        f"--iterations {iterations} --images {images} --count {one['judged_on']} --judges {one['judges']} "
        f"--width {one['width']}`: {', '.join(f'`{name}`' for name in FILES)}, {commits(rows)}. "
        "Figure: [places.png](places.png).\n\n" + "\n".join(summary(rows))))]


def answers(results: Path) -> Iterator[list[str]]:
    rows = read(results)
    if not rows:
        return
    maps = by_arm(rows, "map50")
    none = maps["none"]
    room = statistics.median(number(row, "room") for row in rows if row["arm"] == "autosimulate")

    def won(arm: str) -> str:
        return f"{interval(maps[arm])}, difference {_gain(maps[arm], none)}, better in {_wins(maps[arm], none)}"

    told = f"mAP@.5 {interval(none)} -> {won('autosimulate')}; p on the {MATCHING}: {1 / 3:.0%} -> {room:.0%}".replace(
        "%", " %")
    if "match-autosimulate" in maps:
        told += f"; match first and beside it, as is the default: {won('match-autosimulate')}" + "".join(
            f", than {NAMES[arm]} {_wins(maps['match-autosimulate'], maps[arm])}" for arm in TRIALS if arm in maps)
    if "match" in maps:
        told += f"; match alone: {won('match')}"
    yield ["the paper's experiment, 54 states, a detector on real photographs (LM-O): better than uniform?", told]
