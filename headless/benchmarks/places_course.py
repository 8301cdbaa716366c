"""What psi looks like over a run of ``places``, and what so many images of it are worth (Behl et al., ECCV 2020,
Figures 3, 5 and 6).

A run is that of ``places`` with the same flags: p of the 54 states after each of its iterations. Detectors are then
trained on 27 to 216 renders of the start and of what was learned, which no search has seen, the same random numbers for
both. How long: a minute or two a run, five to thirty seconds a detector.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any

from . import places
from .places_report import pack
from .table import Table

PSI = ("arm", "seed", "iteration", "status", "val_map50", "p")
IMAGES = ("arm", "seed", "count", "map50", "coco_map", "loss", "l2", "val_loss", "val_map50")
COUNTS = (27, 54, 108, 216)
#: What is learned, beside the start.
ARM = "match-autosimulate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    places.add_arguments(parser)
    parser.set_defaults(arms=["none", ARM])


def run(options: argparse.Namespace) -> None:
    psi = Table(options.results / "places_course.csv", PSI, 3)
    images = Table(options.results / "places_images.csv", IMAGES, 3)
    wanted = [(arm, seed) for seed in options.seeds for arm in options.arms
              if any((arm, str(seed), str(count)) not in images.done() for count in COUNTS)]
    if wanted and not options.summary:
        psi.require_one_version()
        images.require_one_version()
        comparison = places.Comparison(options)
        for arm, seed in wanted:
            print(f"-- {arm}, seed {seed}", file=sys.stderr, flush=True)
            found = comparison.learned(arm, seed)
            for row in _course(arm, seed, found, comparison) if found["run"] else ():
                if (arm, str(seed), str(row["iteration"])) not in psi.done():
                    psi.add(row)
            for count in COUNTS:
                if (arm, str(seed), str(count)) not in images.done():
                    verdict = comparison.judge.judge(comparison.drawn(found["p"], seed, 0, count))
                    images.add({"arm": arm, "seed": seed, "count": count, **dataclasses.asdict(verdict)})
    print(f"rows: {psi.path}, {images.path}")


def _course(arm: str, seed: int, found: dict[str, Any], comparison: places.Comparison) -> list[dict[str, Any]]:
    """p of the 54 states at the start, after each iteration, and as it was delivered."""
    states = next(iter(comparison.pools.values())).choice.items
    log = [{"status": "start", "val_metric": None, "p": comparison.learned("none", seed)["p"]}, *found.get("log", []),
           {"status": "delivered", "val_metric": None, "p": found["p"]}]
    return [{"arm": arm, "seed": seed, "iteration": number, "status": each["status"], "val_map50": each["val_metric"],
             "p": pack(dict(zip(states, each["p"], strict=True)))} for number, each in enumerate(log)]
