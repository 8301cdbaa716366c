"""Labelled photographs to train on: alone, and beside renders of the start, of a matched psi and of the expert's scene.

Whoever has photographs to drive psi has photographs to train on: what renders add to n of them is what psi is for.
The renders and the matched psi are those that ``photographs`` left in --work. A head is trained on n of the ``val``
photographs and on the renders, half of the weight each; its l2, the loss's calibration and the decision biases of the
mIoU are chosen on the other photographs of ``val``, in every arm alike, and scores are on ``test``. (psi was matched to
all of ``val``, of which it takes the statistics of images and labels.) A draw is which n photographs, and which seed of
``photographs`` the renders are of.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

import torch

from autosimulate_addon.core.learners import Photographs
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.protocol import InputError

from .options import names
from .photographs import add_pools, partner, pools_of
from .photographs_judge import Judge
from .photographs_pools import Pools, read_photographs
from .table import Table

#: Photographs alone, and beside renders of these arms of ``photographs``.
MATCHED = "match-looks"
ARMS = ("real", "none", MATCHED, "expert")
COLUMNS = ("arm", "photographs", "draw", "seed", "renders", "loss", "decided", "miou", "l2", "val_loss", "val_decided")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pools(parser)
    parser.add_argument("--arms", type=names(ARMS), default=list(ARMS), metavar="A,B", help=f"of {', '.join(ARMS)}")
    parser.add_argument("--photographs", type=_counts, default=[10], metavar="N,N", help="to train on (default: 10)")
    parser.add_argument("--draws", type=int, default=5, metavar="N", help="of photographs (default: 5)")
    parser.add_argument("--run", default="1x160", metavar="NxK", help="of matching: iterations and images an iteration "
                        "(default: 1x160)")


def run(options: argparse.Namespace) -> None:
    pools = pools_of(options)
    table = Table(options.results / "complement.csv", COLUMNS, 3)
    val, test = read_photographs(pools.scene(options.start), pools.data, pools.config)
    judge = Judge(val.classes, val, test)
    for seed, draws in _by_seed(options.seeds, options.draws).items():
        for arm in options.arms:
            wanted = [(count, draw) for count in options.photographs for draw in draws
                      if (arm, str(count), str(draw)) not in table.done()]
            if not wanted:
                continue
            table.require_one_version()
            store = None if arm == "real" else _pool(options, pools, arm, seed)
            for count, draw in wanted:
                print(f"-- {arm}, {count} photographs, draw {draw}", file=sys.stderr, flush=True)
                chosen, others = split(len(val), count, draw)
                photographs = Photographs(judge.part(chosen), 0.5 if store else 1.0)
                verdict = judge.judge(store, photographs, judge.part(others))
                table.add({"arm": arm, "photographs": count, "draw": draw, "seed": seed,
                           "renders": len(store) if store else 0, **dataclasses.asdict(verdict)})
    print(f"rows: {table.path}")


def split(total: int, count: int, draw: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(``count`` of ``total`` images, the others), each in their order."""
    if not 0 < count < total:
        raise InputError(f"--photographs {count}: there are {total}, of which some must be left to choose the l2 on.")
    order = torch.randperm(total, generator=torch.Generator().manual_seed(draw))
    return order[:count].sort().values, order[count:].sort().values


def _by_seed(seeds: list[int], draws: int) -> dict[int, list[int]]:
    """Which draws of photographs are tried beside the renders of each seed: each draw once, in turn."""
    return {seed: list(range(index + 1, draws + 1, len(seeds))) for index, seed in enumerate(seeds)}


def _pool(options: argparse.Namespace, pools: Pools, arm: str, seed: int) -> RenderStore:
    plain = None
    if arm == MATCHED:
        path = pools.learned / f"{options.start}_{arm}_{seed}_{options.run}.json"
        if not path.exists():
            raise InputError(f"'{path}' is not there: run benchmark.py photographs --arms {arm} with its seed first.")
        plain = json.loads(path.read_text(encoding="utf-8"))["psi"]
    return pools.render("expert" if arm == "expert" else options.start, plain, partner(seed), options.count)


def _counts(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of numbers: write 5,10,20") from None
