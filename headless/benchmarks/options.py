"""Flags that several benchmarks share."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from .blender_runs import Settings

RESULTS = Path(__file__).resolve().parent / "results"


def seeds(text: str) -> list[int]:
    """"1..5" or "1,2,7" (or both, by commas)."""
    found: list[int] = []
    for part in text.split(","):
        first, dots, last = part.partition("..")
        try:
            found += range(int(first), int(last) + 1) if dots else [int(first)]
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a list of seeds: write 1..5 or 1,2,7") from None
    if not found or min(found) < 0:
        raise argparse.ArgumentTypeError(f"'{text}' names no seeds: write 1..5 or 1,2,7")
    return list(dict.fromkeys(found))


def names(choices: tuple[str, ...]):
    """A parser of comma-separated names out of ``choices``."""

    def parse(text: str) -> list[str]:
        found = [name for name in text.split(",") if name]
        wrong = [name for name in found if name not in choices]
        if wrong or not found:
            raise argparse.ArgumentTypeError(f"{wrong[0] if wrong else 'nothing'!r}: choose from {', '.join(choices)}")
        return found

    return parse


def add_common(parser: argparse.ArgumentParser, default_seeds: str) -> None:
    parser.add_argument("--seeds", type=seeds, default=seeds(default_seeds), metavar="A..B",
                        help=f"1..5 or 1,2,7 (default: {default_seeds})")
    add_results(parser)


def add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR",
                        help="where the CSV and the figure go (default: headless/benchmarks/results)")


def add_blender(parser: argparse.ArgumentParser, iterations: int, images: int, count: int, judges: int = 1) -> None:
    """Adds the flags of the benchmarks that run headless/run.py."""
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks"), metavar="DIR",
                        help="run directories (default: runs/benchmarks)")
    parser.add_argument("--iterations", type=int, default=iterations, metavar="N",
                        help=f"of each run (default: {iterations})")
    parser.add_argument("--images", type=int, default=images, metavar="K",
                        help=f"rendered per iteration (default: {images})")
    parser.add_argument("--count", type=int, default=count, metavar="N",
                        help=f"images each fresh network is trained on (default: {count})")
    parser.add_argument("--judges", type=int, default=judges, metavar="N",
                        help=f"fresh networks that judge each psi; a row is their mean (default: {judges})")
    parser.add_argument("--width", type=int, metavar="PX", help="render width (default: the scene's)")
    parser.add_argument("--tag", default="", metavar="NAME", help="a name for this variant: rows, run directories and "
                                                                  "figure of their own")
    parser.add_argument("--flags", default="", metavar="TEXT", help="more flags for optimize, in one string")


def settings_of(options: argparse.Namespace, name: str, width: int) -> Settings:
    """The settings that ``add_blender``'s flags ask for, for the runs of table ``name``; ``width``: the benchmark's."""
    return Settings(options.work / name, options.iterations, options.images, options.count, options.judges,
                    options.width or width, tuple(shlex.split(options.flags)))
