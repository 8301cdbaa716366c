"""Does AutoSimulate reach Bayesian optimisation's loss in less wall time? From demo_wall_time.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from .table import number


def answers(results: Path) -> Iterator[list[str]]:
    with open(results / "demo_wall_time.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    other = {row["seed"]: row for row in rows if row["method"] == "bo"}
    ours = {row["seed"]: row for row in rows if row["renders"] == "72"}
    lower = sum(number(ours[seed], "loss") < number(other[seed], "loss") for seed in other)
    yield [f"demo: Bayesian optimisation's loss (288 renders) with 72 renders? ({len(other)} seeds)",
           f"{lower} of {len(other)}; seconds of the loop " + ", ".join(
               f"{ours[seed]['loop_seconds']} against {other[seed]['loop_seconds']}" for seed in sorted(other))
           + f" (`demo_wall_time.csv`, {rows[0]['date']}, the loss alone as objective)"]
