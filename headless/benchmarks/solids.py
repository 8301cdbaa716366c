"""A second real data set: a detector of cubes, spheres and cylinders on photographs of toys with YOLO boxes, from wide
ranges that nobody fitted to them (``build solids``: CLEVR's shapes on a table).

The first half of valid/, by name, drives psi and chooses a judge's l2; its second half is what is asked of it, and
train/'s photographs, which nobody trains on, are a second, larger test. For each seed psi is learned by the product's
own loop and judged by other renders of it, as in ``photographs``: all arms of a seed by the same random numbers. About
a second a render; five minutes an arm and seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from autosimulate_addon.core.datasets import Dataset, read_dataset
from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.protocol import InputError
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.process.threads import use_threads

from .by_arm import add_flags, fill
from .photographs import partner
from .photographs_arms import AFTER, learn
from .photographs_boxes import BoxJudge
from .photographs_pools import Pools, remembered
from .solids_report import NAMES, summary
from .table import Table

#: What the seven labels of the photographs are, by their number.
LABELS = ("cube", "cube", "cylinder", "cube", "cylinder", "cube", "sphere")
CLASSES = ("background", "cube", "sphere", "cylinder")
#: Arm -> iterations and images in each; none: nothing is learned.
RUNS = {"match-looks": (1, 160), "match-twice": (1, 160), "match-rounds": (8, 40), "match-looks-autosimulate": (4, 40),
        "match-autosimulate": (8, 40), "autosimulate": (6, 40)}
COLUMNS = ("arm", "seed", "run", "renders", "judged_on", "width", "samples", "half_map50", "half_coco_map", "half_loss",
           "map50", "coco_map", "loss", "l2", "val_map50", "kl", "distance", "distance_std", "seconds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, tuple(NAMES), 216, 160, "four fifths")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder with train/ and valid/, each with images/ and labels/ (seven labels)")
    parser.add_argument("--assets", type=Path, required=True, metavar="DIR",
                        help="CLEVR's image_generation/data, whose shapes are rendered")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmarks/solids"), metavar="DIR",
                        help="the scene, pools of renders and learned psi (default: runs/benchmarks/solids)")
    parser.add_argument("--samples", type=int, default=4, metavar="N", help="of Cycles a pixel (default: 4)")


def run(options: argparse.Namespace) -> None:
    fill(Table(options.results / "solids.csv", COLUMNS, 2), options, Comparison, summary)


class Comparison:
    """The pools, the photographs and the judge."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Raises InputError where --data or --assets is not what it should be."""
        self.options = options
        config = RunConfig(width=options.width, height=options.width * 4 // 5, samples=options.samples)
        use_threads(config.width, config.height)
        self.pools = Pools(options.work, options.assets.absolute(), config, "solids", "detection")
        folders = divided(options.data, options.work / "photographs")
        self.val, half, train = (_read(folder, config) for folder in folders)
        self.judge = BoxJudge(CLASSES, self.val, train)
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
        def find() -> dict[str, Any]:
            first = self._learned(AFTER[arm][0], seed) if arm in AFTER else None
            return learn(arm, self.pools, "wide", self.val, seed, *RUNS[arm], first)

        return remembered(self.options.work / "psi" / f"{arm}_{seed}_{'x'.join(map(str, RUNS[arm]))}.json", find)


def divided(data: Path, into: Path) -> tuple[Path, Path, Path]:
    """Copies of the first half of valid/, its second half and train/, whose labels are named by what they are.

    Raises InputError where ``data`` has no such folders.
    """
    folders = into / "first-half", into / "second-half", into / "train"
    pictures = {split: sorted((data / split / "images").glob("*")) for split in ("valid", "train")}
    for split, found in pictures.items():
        if not found or not (data / split / "labels").is_dir():
            raise InputError(f"--data '{data}' has no photographs in {split}/images with labels in {split}/labels.")
    middle = len(pictures["valid"]) // 2
    parts = pictures["valid"][:middle], pictures["valid"][middle:], pictures["train"]
    for folder, own in zip(folders, parts, strict=True):
        for part in ("images", "labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for picture in own:
            shutil.copyfile(picture, folder / "images" / picture.name)
            name = f"{picture.stem}.txt"
            shutil.copyfile(picture.parent.parent / "labels" / name, folder / "labels" / name)
    # JSON is YAML.
    (into / "data.yaml").write_text(json.dumps({"names": LABELS}), encoding="utf-8")
    return folders


def _read(folder: Path, config: RunConfig) -> Dataset:
    return read_dataset(folder, CLASSES, None, config.width, config.height, need_masks=False, need_boxes=True)
