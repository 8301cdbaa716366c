"""What psi of the 54 states looks like over a run, and what so many images of it are worth."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .comparison import short
from .places_report import NAMES, shares, unpack
from .table import commits, number, read_rows

Rows = Sequence[Mapping[str, str]]
PSI, IMAGES, FIGURE = "places_course.csv", "places_images.csv", "places_course.png"
#: The words of a state's name, by what they are of.
WORDS = {"room": 0, "seen from": 1, "distance": 2, "quality": 3}
COLOURS = ("tab:blue", "tab:orange", "tab:green")


def draw(results: Path) -> None:
    """A panel for each thing that a state says, by iteration; and mAP by the images that a detector is trained on."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    course, images = read_rows(results / PSI), read_rows(results / IMAGES)
    if not course or not images:
        return
    figure, axes = pyplot.subplots(1, len(WORDS) + 1, figsize=(16, 3.6), layout="constrained",
                                   width_ratios=[1] * len(WORDS) + [1.5])
    seeds = sorted({row["seed"] for row in course})
    for axis, (title, place) in zip(axes, WORDS.items(), strict=False):
        runs = [[shares(unpack(row["p"])) for row in course if row["seed"] == seed] for seed in seeds]
        words = dict.fromkeys(state.split(", ")[place] for state in unpack(course[0]["p"]))
        for word, colour in zip(words, COLOURS, strict=False):
            for run in runs:
                axis.plot([each[word] for each in run], color=colour, linewidth=0.6, alpha=0.5)
            middle = [statistics.fmean(each[word] for each in at) for at in zip(*runs, strict=True)]
            axis.plot(middle, color=colour, linewidth=2, label=word)
        axis.set_ylim(0, 1)
        axis.set_title(f"p by {title}", fontsize=9)
        axis.set_xlabel("iteration (last: delivered)", fontsize=8)
        axis.legend(fontsize=7)
    _by_images(axes[-1], images)
    figure.savefig(results / FIGURE, dpi=100)
    pyplot.close(figure)


def _by_images(axis, rows: Rows) -> None:
    for arm, colour in zip(dict.fromkeys(row["arm"] for row in rows), ("0.5", "tab:blue"), strict=False):
        medians = _medians(rows, arm)
        for row in rows:
            if row["arm"] == arm:
                axis.plot([int(row["count"])], [number(row, "map50")], ".", color=colour, markersize=4)
        axis.plot(list(medians), list(medians.values()), color=colour, linewidth=2, label=NAMES[arm])
    axis.set_xscale("log", base=2)
    axis.set_xticks(list(medians), [str(count) for count in medians])
    axis.set_title("mAP@.5 on test photographs by images trained on\n(a dot a seed; line: median)", fontsize=9)
    axis.legend(fontsize=7)


def _medians(rows: Rows, arm: str) -> dict[int, float]:
    """{images: median mAP@.5}."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["arm"] == arm:
            found.setdefault(int(row["count"]), []).append(number(row, "map50"))
    return {count: statistics.median(each) for count, each in sorted(found.items())}


def answers(results: Path) -> Iterator[list[str]]:
    rows = read_rows(results / IMAGES)
    if not rows:
        return
    none, learned = (_medians(rows, arm) for arm in ("none", "match-autosimulate"))
    gains = {count: [number(row, "map50") - number(other, "map50") for row in rows for other in rows
                     if row["arm"] == "match-autosimulate" and other["arm"] == "none" and row["seed"] == other["seed"]
                     and int(row["count"]) == int(other["count"]) == count] for count in none}
    told = "; ".join(f"{count}: {short(none[count])} -> {short(learned[count])}, better in "
                     f"{sum(each > 0 for each in gains[count])} of {len(gains[count])}" for count in none)
    yield ["54 states: how many images does a detector need of the start, and of what was learned (match, then "
           "AutoSimulate)?", f"mAP@.5 by images: {told} ([figure]({FIGURE}), which also shows p over a run; `{PSI}`, "
           f"`{IMAGES}`, `benchmark.py places-course --data LMO --each 6 --iterations 8 --images 20`, "
           f"{commits(rows)})"]
