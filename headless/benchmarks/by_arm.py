"""A comparison with a row for each arm and seed, which costs nothing to build where all rows are there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .table import Table


class Comparison(Protocol):
    """What is made once for all rows."""

    def row(self, arm: str, seed: int) -> dict[str, Any]: ...


def fill(table: Table, options: argparse.Namespace, comparison: Callable[[argparse.Namespace], Comparison],
         summary: Callable[[list[dict[str, str]]], Sequence[str]]) -> None:
    """Adds the rows of ``options.arms`` and ``options.seeds`` that are not there, and prints the ``summary`` of all;
    with ``options.summary`` only that."""
    wanted = [(arm, seed) for seed in options.seeds for arm in options.arms if (arm, str(seed)) not in table.done()]
    if wanted and not options.summary:
        table.require_one_version()
        rows = comparison(options)
        for arm, seed in wanted:
            print(f"-- {arm}, seed {seed}", file=sys.stderr, flush=True)
            table.add(rows.row(arm, seed))
    print("\n".join(summary(table.rows())))
    print(f"rows: {table.path}")
