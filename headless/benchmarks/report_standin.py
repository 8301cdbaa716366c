"""The stand-in's part of RESULTS.md: both starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .comparison import Line, Scores, better, compare, gain, interval, percent
from .statistics import gap_closed
from .table import read_rows

OURS, NULL, TARGET = "**AutoSimulate**", "the start, never moved (null control)", "images from the hidden target"
#: The version of the rows from before photographs were matched first (docs/decisions/0015), and what tells them apart.
EARLIER, MARK = "7fb0da6", " before"
BEFORE = "AutoSimulate before photographs were matched first"
#: Arm and renders: what the reader sees. The start's own null control, the target and the wide start are told apart.
NAMES = {
    ("autosimulate", "480"): OURS,
    (f"autosimulate{MARK}", "480"): BEFORE,
    (f"autosimulate:k12{MARK}", "144"): f"{BEFORE}, 12 iterations of 12",
    (f"autosimulate:k8{MARK}", "48"): f"{BEFORE}, 6 iterations of 8",
    ("published", "480"): "Algorithm 1 as published",
    ("bo", "480"): "Bayesian optimisation",
    ("random", "480"): "random search",
    ("lts", "480"): "LTS (REINFORCE)",
}
COMMAND = ("`python headless/benchmark.py standin --seeds 4..23 --starts {start} --judges 1 --arms none,oracle,"
           "autosimulate,bo,random,lts,published` (AutoSimulate as it is: `--seeds 4..8`): `standin*.csv`.")
#: Said once, over the first table.
MEASURED = (" A fresh network: 600 steps on 400 images; 200 test images. *Loss gap closed*: of the sum of the gaps "
            "between the start and the hidden target. [standin.png](standin.png) also has fewer renders: `--tag k12 "
            "--renders 144 --set images=12 --set iterations=12`, `--tag k8 --renders 48 --set images=8 --set "
            "iterations=6`.")
TITLES = {"wide": "Stand-in, from the wide start (hand-made randomisation, what people do today)",
          "narrow": "Stand-in, from the narrow, wrong start"}


def lines(results: Path, start: str) -> list[Line]:
    """All arms from this start; images from the target, and from the narrow start also the wide start itself."""
    scores_of: dict[tuple[str, str], Scores] = {}
    for row in _rows(results):
        if row["arm"] == "oracle" or row["start"] == start or (row["arm"] == "none" and row["start"] == "wide"):
            arm = f"none {row['start']}" if row["arm"] == "none" else row["arm"]
            scores_of.setdefault((arm, row["renders"]), Scores()).add(row)
    # Of the wide start the second is the third.
    fixed = {"oracle": TARGET, "none wide": "wide randomisation, never moved", f"none {start}": NULL}
    return [*((name, "-", scores_of[arm, "480"]) for arm, name in fixed.items()),
            *((name, key[1], scores_of[key]) for key, name in NAMES.items() if key in scores_of)]


def section(results: Path, start: str) -> tuple[str, str]:
    table_lines = lines(results, start)
    arms = {name: scores for name, _, scores in table_lines}
    full = [line for line in table_lines if line[1] in ("-", "480")]
    table = compare(full, arms[OURS], arms[NULL], arms[TARGET])
    return TITLES[start], (COMMAND.format(start=start) + (MEASURED if start == "wide" else "") + "\n\n"
                           + "\n".join(table))


def answers(results: Path) -> Iterator[list[str]]:
    for start, title in (("wide", "wide randomisation"), ("narrow", "a narrow, wrong start")):
        arms = _named(results, start)
        ours, null, target = (arms[name] for name in (OURS, NULL, TARGET))
        others: dict[str, list[str]] = {}           # how often better than whom
        for other in ("Bayesian optimisation", "random search", "LTS (REINFORCE)", "Algorithm 1 as published"):
            won = f"{better(ours, arms[other])} ({better(arms[BEFORE], arms[other])})"
            others.setdefault(won, []).append(other)
        yield [f"stand-in, from {title}: better than never moving?",
               f"loss, mIoU better in {better(ours, null)} seeds; "
               f"{percent(*gap_closed(ours.loss, null.loss, target.loss))} of the loss gap to the target; "
               f"mIoU {interval(null.miou)} -> {interval(ours.miou)}, target {interval(target.miou)}; "
               f"gain {gain(ours, null)}; better than the other methods (in brackets: before photographs were matched "
               "first): " + "; ".join(f"{', '.join(names)} {won}" for won, names in others.items())]


def _named(results: Path, start: str) -> dict[str, Scores]:
    return {name: scores for name, _, scores in lines(results, start)}


def _rows(results: Path) -> Iterator[dict[str, str]]:
    for row in read_rows(*sorted(results.glob("standin*.csv"))):
        earlier = row["commit"] == EARLIER and row["arm"].startswith("autosimulate")
        yield row | {"arm": row["arm"] + MARK * earlier}
