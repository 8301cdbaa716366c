"""The p that ``places`` has learned, judged by other detectors than the one it was learned with.

Table 6 of the paper: psi is learned with a small network and judged by a larger one. ``small`` is the convex detector
on Lite0's frozen features, with which p was learned; ``large`` is that on Lite2's. Table 5: what it costs to freeze
layers. ``frozen-0``, ``frozen-17`` and ``frozen-33`` are the network 'efficientnet' with so many of its layers as
ImageNet left them (33 are the whole encoder), the rest trained until val's mAP@.5 hears no more of it.

Each judge is trained on the renders that ``places`` would train it on: the same random numbers, no render that p was
learned from. From the start's renders two more of a kind are trained, on a half each: ``agreement`` is the correlation
of what the two tell psi of the 54 states, the mean of w over renders that neither has seen.

How long: a second or two for a render, one to five minutes a judge.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.learners import Training, make_learner
from autosimulate_addon.core.learners.cross_fitting import fit_half, pixel_derivatives
from autosimulate_addon.core.learners.network_learner import NetworkLearner
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.randomness import derive_seed
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.protocol import InputError

from . import places, places_report
from .options import RESULTS, names
from .photographs_boxes import BoxJudge, BoxVerdict
from .table import Table

COLUMNS = ("judge", "arm", "seed", "map50", "coco_map", "loss", "val_map50", "trained", "epochs", "fit_seconds",
           "agreement", "seconds")
#: The encoder of a convex detector, and the frozen layers of a network.
HEADS = {"small": "efficientnet", "large": "efficientnet-lite2"}
NETWORKS = {"frozen-0": 0, "frozen-17": 17, "frozen-33": 33}
#: Rows of ``places`` whose p is judged.
ARMS = ("none", "autosimulate", "match-autosimulate", "match")
#: Visits to every render between two looks at the photographs; looks without a better one after which it is flat; the
#: most visits.
EPOCHS, PATIENCE, MOST = 4, 2, 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    places.add_arguments(parser)
    parser.set_defaults(arms=["none", "match-autosimulate"])
    parser.add_argument("--by", type=names((*HEADS, *NETWORKS)), default=[*HEADS, *NETWORKS], metavar="A,B",
                        help=f"judges, of {', '.join((*HEADS, *NETWORKS))} (default: all)")
    parser.add_argument("--learned", type=Path, default=RESULTS, metavar="DIR",
                        help="folder with the rows of places (default: headless/benchmarks/results)")


def run(options: argparse.Namespace) -> None:
    table = Table(options.results / "places_judges.csv", COLUMNS, 3)
    learned = {(row["arm"], int(row["seed"])): row for row in places_report.read(options.learned)}
    wanted = [(judge, arm, seed) for seed in options.seeds for judge in options.by for arm in options.arms
              if (judge, arm, str(seed)) not in table.done()]
    for _, arm, seed in wanted:
        if (arm, seed) not in learned:
            raise InputError(f"There is no row of {arm}, seed {seed} in '{options.learned}': run benchmark.py places "
                             "first.")
    if wanted and not options.summary:
        table.require_one_version()
        judges = Judges(options)
        for judge, arm, seed in wanted:
            print(f"-- {judge}, {arm}, seed {seed}", file=sys.stderr, flush=True)
            p = list(places_report.unpack(learned[arm, seed]["p"]).values())
            table.add({"judge": judge, "arm": arm, "seed": seed, **judges.row(judge, p, arm == "none", seed)})
    print(f"rows: {table.path}")


@dataclass(frozen=True)
class Judged:
    """A verdict, and what it took: the share of the weights that was trained, visits to every render, seconds."""

    verdict: BoxVerdict
    trained: float
    epochs: int
    seconds: float


class Judges:
    """Of the pools of ``places``."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.pools = pools = places.Comparison(options)
        self.by = pools.judge               # which knows the photographs
        self.heads = {name: BoxJudge(pools.val.classes, pools.val, pools.test, encoder)
                      for name, encoder in HEADS.items() if name in options.by}

    def row(self, name: str, p: list[float], asked: bool, seed: int) -> dict[str, Any]:
        """``asked``: whether two of the kind are asked how far they agree."""
        began = time.monotonic()
        store = self.pools.drawn(p, seed, 0)
        judged = self._head(name, store) if name in HEADS else self._network(name, store)
        verdict = dataclasses.asdict(judged.verdict)
        agreement = self._agreement(name, store, judged.epochs, seed) if asked else None
        return {"map50": verdict["map50"], "coco_map": verdict["coco_map"], "loss": verdict["loss"],
                "val_map50": verdict["val_map50"], "trained": judged.trained, "epochs": judged.epochs,
                "fit_seconds": judged.seconds, "agreement": agreement, "seconds": time.monotonic() - began}

    def _head(self, name: str, store: RenderStore) -> Judged:
        began = time.monotonic()
        return Judged(self.heads[name].judge(store), 0.0, 0, time.monotonic() - began)

    def _network(self, name: str, store: RenderStore) -> Judged:
        learner, began = self._learner(name, 0), time.monotonic()
        best, found, looks = BoxVerdict(0.0, 0.0, -1.0, 0.0, 0.0, 0.0), 0, 0
        while EPOCHS * looks < MOST and looks - found < PATIENCE:
            self._train(learner, store, torch.arange(len(store)), EPOCHS, looks)
            looks += 1
            val, test = (learner.evaluate(data) for data in (self.by.val, self.by.test))
            print(f"   {EPOCHS * looks} epochs: mAP@.5 {val.metric:.3f} on val", file=sys.stderr, flush=True)
            if val.metric > best.val_map50:
                found = looks
                best = BoxVerdict(0.0, val.loss, val.metric, test.loss, test.metric, test.also["COCO mAP"])
        weights = [(weight.numel(), weight.requires_grad) for weight in learner.network.parameters()]
        trained = sum(count for count, free in weights if free) / sum(count for count, _ in weights)
        return Judged(best, trained, EPOCHS * found, time.monotonic() - began)

    def _learner(self, name: str, number: int) -> NetworkLearner:
        config = LoopConfig(task="detection", network="efficientnet", frozen_layers=NETWORKS[name])
        return NetworkLearner(config, self.by.task, derive_seed(number, "judge"))

    def _train(self, learner: NetworkLearner, store: RenderStore, rows: Tensor, epochs: int, seed: int) -> None:
        steps = round(epochs * len(rows) / learner.settings.batch_size)
        learner.fit(store, Training(store.psis[-1], rows, steps), derive_seed(seed, "look"))

    def _agreement(self, name: str, store: RenderStore, epochs: int, seed: int) -> float:
        """Of two judges of halves of ``store``, on the renders of the first pool that p was learned from."""
        pool, count = self.pools.pools[self.pools.halves(seed)[0][0]], len(store)
        psi = Psi.from_factors(pool.factors)
        store.add([render for own in pool.renders for render in own], psi)
        unseen = torch.arange(count, len(store))
        told = []
        for number in range(2):
            w = (self._told_by_head if name in HEADS else self._told_by_network)(
                name, store, torch.arange(number, count, 2), unseen, number, epochs)
            told.append(w.reshape(len(pool.renders), -1).mean(1))
        return torch.corrcoef(torch.stack(told))[0, 1].item()

    def _told_by_head(self, name: str, store: RenderStore, seen: Tensor, unseen: Tensor, number: int, epochs: int
                      ) -> Tensor:
        """w (n,) of the ``unseen`` renders."""
        config = LoopConfig(**places.HEAD, encoder=HEADS[name])
        head = make_learner(config, self.by.task, number)
        val, sampled = self.heads[name].val, head.sampled(store)
        head.fit(store, Training(store.psis[-1], seen, 0, validation=val), 0)
        half = fit_half(head, sampled.rows(seen), torch.full((len(seen),), 1 / len(seen)), val,
                        config.estimator_options)
        return pixel_derivatives(head, half, sampled.rows(unseen), store.labels.shape[-2:]).sum((0, 2, 3))

    def _told_by_network(self, name: str, store: RenderStore, seen: Tensor, unseen: Tensor, number: int, epochs: int
                         ) -> Tensor:
        learner = self._learner(name, number)
        self._train(learner, store, seen, epochs, number)
        options = dataclasses.replace(learner.settings.estimator_options, objective="calibrated", pathwise=False,
                                      replay=0)
        found = learner.estimate(store, unseen, store.psis[-1], self.by.val, options, 0)
        assert torch.equal(found.index, unseen)
        return found.w
