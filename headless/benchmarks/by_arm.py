"""A comparison with a row for each arm and seed, which costs nothing to build where all rows are there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .options import add_common, names
from .table import Table


class Comparison(Protocol):
    """What is made once for all rows."""

    def row(self, arm: str, seed: int) -> dict[str, Any]: ...


def add_flags(parser: argparse.ArgumentParser, arms: Sequence[str], count: int, width: int, high: str) -> None:
    """Which rows, and of what; ``high``: a render's height in words."""
    add_common(parser, "1..5")
    parser.add_argument("--arms", type=names(tuple(arms)), default=list(arms), metavar="A,B",
                        help=f"of {', '.join(arms)} (default: all)")
    parser.add_argument("--count", type=int, default=count, metavar="N",
                        help=f"renders that a judge is trained on (default: {count})")
    parser.add_argument("--width", type=int, default=width, metavar="PX", help=f"(default: {width}, {high} as high)")
    parser.add_argument("--summary", action="store_true", help="only print what is in the CSV")


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
