"""The paper's own experiment (Behl et al., ECCV 2020, Table 3): psi is ONE choice among 54 states, for a detector of
LM-O's objects on real photographs: three rooms, nine places to look from, two qualities of the render.

There are --pools of renders, each with --each of every state, rendered once and kept in --work. Every method draws
from two pools, by the product's own loop: the j-th draw of a state is the j-th render of it there, and past the last
one renders repeat, with other noise and blur. What it delivers is judged by the OTHER pools: --count renders in the
proportions of the learned p, none of them twice (what the pools lack is rendered), for all arms of a seed by the same
random numbers, train a fresh convex detector, whose l2 is chosen on the photographs in val; those in test are only
scored. The next seed learns from the second of the two
pools and the one after it, so that seeds share renders. Seeds from 101 on, for choosing, have pools of their own. The
methods that pay a training for a number (bo, random, lts) have --times as many renders.

How long: a second or two for a render, one to three minutes an arm and seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.randomness import derive_seed
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.protocol import InputError
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.process.threads import use_threads

from . import provenance
from .blender_runs import run_py
from .by_arm import add_flags, fill
from .levers import APPROXIMATIONS
from .photographs_boxes import BoxJudge
from .photographs_pools import check_lmo, read_photographs, remembered
from .places_pool import Pool, PoolSimulator, chosen, joined, render_pool, times_of
from .places_report import MATCHING, NAMES, TRIALS, in_room, pack, shares, summary
from .table import Table

COLUMNS = ("arm", "seed", "run", "renders", "each", "judges", "judged_on", "width", "map50", "coco_map",
           "loss", "l2", "val_loss", "val_map50", "room", "kl", "search_seconds", "seconds", "p")
#: The images of each trial of a method that pays a training for a number.
TRIAL_IMAGES = 48
#: The convex detector, and its loss after calibration on the photographs.
HEAD = {"task": "detection", "learner": "head", "objective": "calibrated"}
#: Arm -> what it is of ``LoopConfig``; None: nothing is learned.
ARMS: dict[str, dict[str, Any] | None] = {
    "none": None, "room": None,
    "autosimulate": {"method": "autosimulate", "match": False},
    "match-autosimulate": {"method": "autosimulate"},
    "match": {"method": "match"},
    **{method: {"method": method} for method in TRIALS},
    **{name: {"method": "autosimulate", "match": False, "approximation": name} for name in APPROXIMATIONS}}
#: Pools that a seed learns from. The first of the seeds that are for choosing.
LEARNED_FROM, CHOOSING = 2, 101


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, tuple(NAMES), 108, 128, "three quarters")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="LM-O's folder with models/, camera.json and the photographs in val/ and test/")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/places"), metavar="DIR",
                        help="the scene, pools of renders and learned psi (default: runs/benchmarks/places)")
    parser.add_argument("--pools", type=int, default=5, metavar="N", help="of renders (default: 5)")
    parser.add_argument("--each", type=int, default=2, metavar="N", help="renders of a state in a pool (default: 2)")
    parser.add_argument("--iterations", type=int, default=8, metavar="N", help="of a run (default: 8)")
    parser.add_argument("--images", type=int, default=20, metavar="K", help="drawn per iteration (default: 20)")
    parser.add_argument("--times", type=int, default=3, metavar="N",
                        help=f"as many renders for {', '.join(TRIALS)}, in trials of {TRIAL_IMAGES} (default: 3)")
    parser.add_argument("--judges", type=int, default=2, metavar="N",
                        help="judges of a psi, by draws of their own; a row is their mean (default: 2)")


def run(options: argparse.Namespace) -> None:
    fill(Table(options.results / "places.csv", COLUMNS, 2), options, Comparison, summary)


class Comparison:
    """The pools of all seeds, the photographs and the judge."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Raises InputError where --data is not LM-O's folder, or there are too few pools."""
        self.options = options
        check_lmo(options.data)
        if options.pools <= LEARNED_FROM or options.each < 1:
            raise InputError(f"A seed learns from {LEARNED_FROM} pools and is judged by others: give --pools "
                             f"{LEARNED_FROM + 1} at least, and --each 1.")
        self.config = RunConfig(width=options.width, height=options.width * 3 // 4)
        use_threads(self.config.width, self.config.height)
        wanted = sorted({pool for seed in options.seeds for half in self.halves(seed) for pool in half})
        self.folder = options.work / f"{self.config.width}x{self.config.height}"
        self.pools = {pool: self._pool(pool, options.each) for pool in wanted}
        self.val, self.test = read_photographs(self.scene, options.data, self.config)
        self.judge = BoxJudge(self.val.classes, self.val, self.test)

    def halves(self, seed: int) -> tuple[list[int], list[int]]:
        """(the pools that a seed learns from, those that judge it)."""
        first, count = (1 if seed < CHOOSING else CHOOSING), self.options.pools
        turned = [first + (seed - first + place) % count for place in range(count)]
        return turned[:LEARNED_FROM], turned[LEARNED_FROM:]

    @property
    def scene(self) -> Path:
        """The .blend, built when it is first asked for."""
        path = self.options.work / "lmo-places.blend"
        if not path.exists():
            run_py("build", "lmo-places", "--data", self.options.data, "--output", path)
        return path

    def row(self, arm: str, seed: int) -> dict[str, Any]:
        began, choice = time.monotonic(), next(iter(self.pools.values())).choice
        found = self.learned(arm, seed)
        p = found["p"]
        verdicts = [dataclasses.asdict(self.judge.judge(self.drawn(p, seed, judge)))
                    for judge in range(self.options.judges)]
        verdict: dict[str, Any] = {name: statistics.fmean(each[name] for each in verdicts) for name in verdicts[0]}
        verdict["l2"] = " ".join(f"{each['l2']:g}" for each in verdicts)
        return {"arm": arm, "seed": seed, "run": found["run"], "renders": found["renders"], "each": self.options.each,
                "judges": self.options.judges, "judged_on": self.options.count,
                "width": self.config.width, **verdict,
                "room": shares(dict(zip(choice.items, p, strict=True)))[MATCHING], "kl": found["kl"],
                "search_seconds": found["seconds"], "seconds": time.monotonic() - began,
                "p": pack(dict(zip(choice.items, p, strict=True)))}

    def drawn(self, p: list[float], seed: int, judge: int, count: int | None = None) -> RenderStore:
        """``count`` renders (default: --count) of the pools that judge, drawn from ``p``. Where a state comes more
        often than they have renders of it, the first of them is given more."""
        others, drawn = self.halves(seed)[1], derive_seed(seed, "judge", judge)
        own, times = joined([self.pools[other] for other in others]), times_of(
            p, count or self.options.count, drawn)
        lacking = [max(0, often - len(renders)) for often, renders in zip(times, own.renders, strict=True)]
        each = self.options.each
        first = self._pool(others[0], [each + count for count in lacking]) if any(lacking) else self.pools[others[0]]
        store = RenderStore(own.factors, own.layers)
        store.add(chosen(own.renders, [renders[each:] for renders in first.renders], times, drawn),
                  Psi.from_factors(own.factors))
        return store

    def _pool(self, pool: int, counts: list[int] | int) -> Pool:
        return render_pool(self.scene, self.config, self.folder / str(pool), pool, counts)

    def learned(self, arm: str, seed: int) -> dict[str, Any]:
        """{"p", "kl" from the start in nats, "renders", "run", "seconds", "log"} of one run; what is known is read."""
        pool, settings = joined([self.pools[own] for own in self.halves(seed)[0]]), ARMS[arm]
        if settings is None:
            start = Psi.from_factors(pool.factors).plain()[pool.choice.key]["p"]
            p = in_room(dict(zip(pool.choice.items, start, strict=True))) if arm == "room" else start
            return {"p": p, "kl": sum(q * math.log(q / alike) for q, alike in zip(p, start, strict=True) if q),
                    "renders": 0, "run": "", "seconds": 0.0}
        iterations, images = self.options.iterations, self.options.images
        if arm in TRIALS:
            iterations, images = round(self.options.times * iterations * images / TRIAL_IMAGES), TRIAL_IMAGES
        path = self.options.work / "psi" / provenance.commit() / f"{arm}_{seed}_{iterations}x{images}.json"
        config = LoopConfig(**{**HEAD, **settings}, iterations=iterations, images=images, seed=seed, control=False)
        return remembered(path, lambda: search(config, pool, self.val) | {"run": f"{iterations}x{images}"})


def search(config: LoopConfig, pool: Pool, validation: Dataset) -> dict[str, Any]:
    """One run of the product's loop on a pool."""
    began = time.monotonic()
    state = State(config, PoolSimulator(pool), validation, Psi.from_factors(pool.factors))
    log = []
    for iteration in optimize(state):
        p = iteration.psi.plain()[pool.choice.key]["p"]
        room = shares(dict(zip(pool.choice.items, p, strict=True)))[MATCHING]
        log.append({"status": iteration.outcome.status, "val_metric": iteration.val_metric, "room": room, "p": p,
                    "effective": iteration.outcome.details.get("effective"), "seconds": iteration.seconds})
        print(f"   {config.method} {iteration.iteration}: {iteration.outcome.status} val {iteration.val_metric:.3f} "
              f"room {room:.2f} {({name: round(spent, 1) for name, spent in iteration.seconds.items()})}",
              file=sys.stderr, flush=True)
    final = state.final
    return {"p": final.plain()[pool.choice.key]["p"], "kl": final.kl(state.start), "renders": len(state.store),
            "seconds": time.monotonic() - began, "log": log}
