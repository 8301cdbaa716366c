"""The rows of ``places-judges`` as an answer: whether p serves others than the detector that it was learned with."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .comparison import short, signed
from .statistics import wins
from .table import number, read_rows

FILE = "places_judges.csv"
NAMES = {"small": "the head on Lite0's features, with which p was learned", "large": "the head on Lite2's",
         "frozen-0": "a network, none of it frozen", "frozen-17": "half of its encoder frozen",
         "frozen-33": "all of its encoder frozen"}
#: How p was learned.
LEARNED = "match-autosimulate"


def answers(results: Path) -> Iterator[list[str]]:
    rows = read_rows(results / FILE)
    if not rows:
        return
    told = []
    for judge, name in NAMES.items():
        none, learned = (_by_seed([row for row in rows if (row["judge"], row["arm"]) == (judge, arm)])
                         for arm in ("none", LEARNED))
        if gains := [learned[seed] - none[seed] for seed in learned if seed in none]:
            before, after = (short(statistics.median(each.values())) for each in (none, learned))
            told.append(f"{name}: {before} -> {after}, difference {signed(statistics.median(gains))} "
                        f"({signed(min(gains))} to {signed(max(gains))}), better in "
                        f"{' of '.join(map(str, wins(learned, none)))}")
    agreements = [f"{name} {short(statistics.median(each))}" for name in NAMES
                  if (each := [number(row, "agreement") for row in rows if row["judge"] == name and row["agreement"]])]
    yield ["54 states: does p, learned with a small detector (match, then AutoSimulate), serve a larger one?",
           f"mAP@.5, judged by {'; '.join(told)} (`{FILE}`, `benchmark.py places-judges --data LMO --each 6 "
           f"--count 216 --judges 1`, {rows[0]['commit']}). Two, each trained on half of the renders, tell psi of "
           f"the states what correlates by (medians): {', '.join(agreements)}"]


def _by_seed(rows: Iterable[Mapping[str, str]]) -> dict[int, float]:
    return {int(row["seed"]): number(row, "map50") for row in rows}
