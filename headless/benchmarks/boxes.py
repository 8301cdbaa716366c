"""Photographs with boxes and a detector: psi learned from wide ranges, and judged on photographs that nothing saw.

For each seed psi is learned by the product's own loop and judged by other renders of it, as in ``photographs``: all
arms of a seed by the same random numbers.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

import torch

from autosimulate_addon.core.datasets import Dataset, read_dataset
from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.process.threads import use_threads

from .boxes_report import NAMES
from .by_arm import add_flags
from .photographs import partner
from .photographs_arms import learn
from .photographs_boxes import BoxJudge
from .photographs_pools import Pools, remembered

#: Arm -> iterations and images in each; none: nothing is learned.
RUNS = {"match-looks": (1, 160), "match-rounds": (8, 40), "match-autosimulate": (8, 40), "autosimulate": (6, 40)}
COLUMNS = ("arm", "seed", "run", "renders", "judged_on", "width", "samples", "half_map50", "half_coco_map", "half_loss",
           "map50", "coco_map", "loss", "l2", "val_map50", "kl", "distance", "distance_std", "seconds")


def add_arguments(parser: argparse.ArgumentParser, name: str, high: str) -> None:
    """Those that every set of photographs has; ``high``: a render's height in words."""
    add_flags(parser, tuple(NAMES), 216, 160, high)
    parser.add_argument("--work", type=Path, default=Path(f"runs/benchmarks/{name}"), metavar="DIR",
                        help=f"the scene, pools of renders and learned psi (default: runs/benchmarks/{name})")
    parser.add_argument("--samples", type=int, default=4, metavar="N", help="of Cycles a pixel (default: 4)")


class Comparison:
    """The pools, the photographs and the judge."""

    def __init__(self, options: argparse.Namespace, scene: str, assets: Path, classes: tuple[str, ...],
                 folders: tuple[Path, Path, Path], high: float) -> None:
        """``scene``: what ``build`` calls it, made from ``assets``; ``high``: a render's height over its width.

        The photographs of the first folder drive psi and choose a judge's l2, those of the others are two tests.
        Raises InputError where a folder is not what it should be.
        """
        self.options = options
        config = RunConfig(width=options.width, height=round(options.width * high), samples=options.samples)
        use_threads(config.width, config.height)
        self.pools = Pools(options.work, assets.absolute(), config, scene, "detection")
        self.val, half, test = (_read(folder, classes, config) for folder in folders)
        self.judge = BoxJudge(classes, self.val, test)
        self.half = as_validation(self.judge.task, half, torch.device("cpu"))

    def row(self, arm: str, seed: int) -> dict[str, Any]:
        began = time.monotonic()
        found = self._learned(arm, seed) if arm in RUNS else {}
        store = self.pools.render("wide", found.get("psi"), partner(seed), self.options.count)
        head = self.judge.head(store)
        val, half, train = (self.judge.scores(head, data) for data in (self.judge.val, self.half, self.judge.test))
        camera = store.psis[0].plain()["Camera Distance"]
        return {"arm": arm, "seed": seed, "run": "x".join(map(str, RUNS.get(arm, ()))),
                "renders": found.get("renders", 0), "judged_on": self.options.count, "width": self.options.width,
                "samples": self.options.samples, "l2": head.l2, "val_map50": val.map50, "kl": found.get("kl"),
                **{f"half_{name}": value for name, value in dataclasses.asdict(half).items()},
                **dataclasses.asdict(train), "distance": camera["mean"][0], "distance_std": camera["std"][0],
                "seconds": time.monotonic() - began}

    def _learned(self, arm: str, seed: int) -> dict[str, Any]:
        return remembered(self.pools.learned / f"{arm}_{seed}_{'x'.join(map(str, RUNS[arm]))}.json",
                          lambda: learn(arm, self.pools, "wide", self.val, seed, *RUNS[arm]))


def _read(folder: Path, classes: tuple[str, ...], config: RunConfig) -> Dataset:
    return read_dataset(folder, classes, None, config.width, config.height, need_masks=False, need_boxes=True)
