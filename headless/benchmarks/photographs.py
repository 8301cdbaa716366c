"""Real photographs (LM-O) from a start that nobody fitted to them: what matching and AutoSimulate are worth.

For each seed psi is learned by the product's own loop: ``match`` brings it near the photographs' statistics, with
``match-autosimulate`` the hypergradient of the convex head goes on from there; ``none`` is the null control, whose psi
stays; ``expert`` is the scene of someone who had looked at the photographs. Then psi is judged: by a pool of other
renders of it, on which a head is trained from nothing and scored on the test photographs, which nothing else sees. All
arms of a seed are judged with the same random numbers. ``--judge`` has the same psi on the same pools judged by a
detector, or by a network that is trained until it is flat (ten minutes or more a pool). Renders are what it costs, and
are kept in --work: a run's first renders are those of the start on which its partner (1 and 2, 3 and 4, ...) is judged.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.process.threads import use_threads

from .options import add_common, names
from .photographs_arms import ARMS, learn
from .photographs_boxes import BoxJudge
from .photographs_judge import Judge
from .photographs_network import NetworkJudge
from .photographs_pools import Pools, check_lmo, read_photographs, remembered
from .photographs_report import boxes_summary, summary
from .table import Table

_RUN = ("arm", "seed", "start", "judge_seed", "run", "renders", "judged_on", "samples")
_PSI = ("kl", "distance", "distance_std", "seconds")
_SCORES = ("loss", "decided", "miou", "val_loss", "val_decided")
#: Name -> (its table, columns, judge, summary).
JUDGES: dict[str, tuple[str, tuple[str, ...], Callable[..., Any], Callable[..., list[str]]]] = {
    "head": ("photographs.csv", (*_RUN, "l2", *_SCORES, *_PSI), Judge, summary),
    "network": ("photographs_network.csv", (*_RUN, "epochs", *_SCORES, "curve", *_PSI), NetworkJudge, summary),
    "detector": ("photographs_detection.csv", (*_RUN, "map50", "coco_map", "loss", "l2", "val_loss", "val_map50",
                                                *_PSI), BoxJudge, boxes_summary)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pools(parser)
    parser.add_argument("--arms", type=names(tuple(ARMS)), default=["none", "match", "expert"], metavar="A,B",
                        help=f"of {', '.join(ARMS)} (default: none,match,expert)")
    parser.add_argument("--judge", choices=tuple(JUDGES), default="head", help="who is trained on a pool; psi is "
                        "learned as for segmentation, or read from --work (default: head)")
    parser.add_argument("--iterations", type=int, default=8, metavar="N",
                        help="of each run (default: 8; the first two of AutoSimulate take no step)")
    parser.add_argument("--images", type=int, default=40, metavar="K", help="rendered per iteration (default: 40)")


def add_pools(parser: argparse.ArgumentParser) -> None:
    """The flags that say which photographs, and which renders."""
    add_common(parser, "1..2")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder with models/, camera.json and the photographs in val/ and test/")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/photographs"), metavar="DIR",
                        help="scenes, pools of renders and learned psi (default: runs/benchmarks/photographs)")
    parser.add_argument("--start", default="wide", choices=("wide", "dark", "expert"), help="(default: wide)")
    parser.add_argument("--count", type=int, default=320, metavar="N", help="in a judge's pool (default: 320)")
    parser.add_argument("--width", type=int, default=256, metavar="PX", help="(default: 256, three quarters as high)")
    parser.add_argument("--samples", type=int, default=8, metavar="N", help="of Cycles a pixel (default: 8)")


def pools_of(options: argparse.Namespace) -> Pools:
    """Raises InputError where --data is not LM-O's folder."""
    check_lmo(options.data)
    config = RunConfig(width=options.width, height=options.width * 3 // 4, samples=options.samples)
    use_threads(config.width, config.height)
    return Pools(options.work, options.data.absolute(), config)


def run(options: argparse.Namespace) -> None:
    pools = pools_of(options)
    file, columns, make_judge, told = JUDGES[options.judge]
    table = Table(options.results / file, columns, 3)
    judge = None
    for seed in options.seeds:
        for arm in options.arms:
            if (arm, str(seed), options.start) in table.done():
                continue
            table.require_one_version()
            print(f"-- {arm}, seed {seed}", file=sys.stderr, flush=True)
            val, test = read_photographs(pools.scene(options.start), pools.data, pools.config)
            judge = judge or make_judge(val.classes, val, test)
            table.add(_row(options, pools, judge, arm, seed, val))
    for start in dict.fromkeys(row["start"] for row in table.rows()):
        print(f"\nStart: {start}\n\n" + "\n".join(told([row for row in table.rows() if row["start"] == start])))
    print(f"rows: {table.path}")


def _row(options: argparse.Namespace, pools: Pools, judge: Any, arm: str, seed: int, val: Dataset
         ) -> dict[str, Any]:
    began = time.monotonic()
    found = _learned(pools, arm, seed, val, options.start, options.iterations, options.images) if ARMS[arm] else {}
    store = pools.render("expert" if arm == "expert" else options.start, found.get("psi"), partner(seed), options.count)
    verdict = judge.judge(store)
    camera = store.psis[0].plain()["Camera Distance"]
    return {"arm": arm, "seed": seed, "start": options.start, "judge_seed": partner(seed), "samples": options.samples,
            "run": f"{options.iterations}x{options.images}" if found else "", "renders": found.get("renders", 0),
            "judged_on": options.count, "kl": found.get("kl"),
            "distance": camera["mean"][0], "distance_std": camera["std"][0], "seconds": time.monotonic() - began,
            **dataclasses.asdict(verdict)}


def _learned(pools: Pools, arm: str, seed: int, val: Dataset, start: str, iterations: int, images: int
             ) -> dict[str, Any]:
    return remembered(pools.learned / f"{start}_{arm}_{seed}_{iterations}x{images}.json",
                      lambda: learn(arm, pools, start, val, seed, iterations, images))


def partner(seed: int) -> int:
    """Whose random numbers psi is judged with: its own renders are what it was learned from."""
    return seed + 1 if seed % 2 else seed - 1
