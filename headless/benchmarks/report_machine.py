"""Answers about time and safety: a head's hypergradient, overhead over bare Cycles, kills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .table import number, read_rows


def answers(results: Path) -> Iterator[list[str]]:
    yield _head(read_rows(results / "head_seconds.csv"))
    yield _overhead(read_rows(results / "overhead.csv"))
    yield _kills(read_rows(results / "kill_resume.csv"))


def _head(rows: list[dict[str, str]]) -> list[str]:
    found = "; ".join(f"{row['task']}: {row['again_s']} s (the first time {row['fit_s']} and {row['hypergradient_s']} "
                      f"s), load {row['load']} before" for row in rows)
    one = rows[0]
    return [f"a fit and hypergradient of the convex head, {one['renders']} renders {one['width']} pixels wide, their "
            f"features known, on {one['threads']} cores: at most {one['target_s']} s?",
            f"{found} (`head_seconds.csv`, `benchmark.py head-seconds --data LMO --seeds {one['seed']} --samples 4`, "
            f"{one['commit']})"]


def _overhead(rows: list[dict[str, str]]) -> list[str]:
    ratios = "; ".join(f"{row['size']}: {number(row, 'ratio'):.3f} (target {number(row, 'target'):g}, {row['renders']} "
                       "renders)" for row in rows)
    return [f"a render with masks over bare Cycles, {rows[0]['clock']} time",
            f"{ratios} (`overhead.csv`, `benchmark.py overhead --cpu --renders {rows[0]['renders']}`, "
            f"{rows[0]['commit']})"]


def _kills(rows: list[dict[str, str]]) -> list[str]:
    checks = ("iterations_once_each", "images_counted", "same_renders")
    whole = sum(row["exit_code"] == "0" and all(row[name] == "yes" for name in checks) for row in rows)
    worst = max(number(row, "psi_difference") for row in rows)
    kills = sum(int(row["kills"]) for row in rows)
    return [f"runs killed {kills} times in all and resumed: the uninterrupted ones? ({len(rows)} seeds)",
            f"{whole} of {len(rows)}, no image lost or counted twice, largest difference in psi {worst:g} "
            f"(`kill_resume.csv`, `benchmark.py kill-resume --seeds 0..{rows[-1]['seed']} --kills {rows[0]['kills']}`, "
            f"{rows[0]['commit']})"]
