"""The arms of a comparison in Blender: what is run for each, and its row."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .blender_runs import Settings, evaluate, optimize
from .comparison import by_arm, compare
from .figures import draw_seeds
from .table import Table

#: none is the null control: psi at the start for ever; match and no-match are autosimulate's first stage alone, and
#: autosimulate without it.
ARMS = ("autosimulate", "none", "wide", "oracle", "match", "no-match", "published", "bo", "random", "lts")
DEFAULT_ARMS = ("autosimulate", "none", "wide", "oracle")
_METHODS = {"match": ("--method", "match"), "no-match": ("--no-match",),
            "published": ("--method", "published"), "bo": ("--method", "bo"),
            "random": ("--method", "random"), "lts": ("--method", "lts")}

#: loss and miou are means over ``networks``, loss_sd and miou_sd standard deviations between them.
COLUMNS = ("arm", "seed", "loss", "miou", "networks", "loss_sd", "miou_sd", "val_loss", "val_miou", "rendered",
           "images", "steps", "seconds")


@dataclass(frozen=True)
class Bench:
    """One benchmark: a scene (None: the demo brings its own, in each run's directory), its images, its arms' psi."""

    settings: Settings
    table: Table
    classes: Sequence[str]
    psi: Mapping[str, Path]                         # of the arms that learn nothing
    scene: Path | None = None
    validation: Path | None = None
    test: Path | None = None
    flags: tuple[Any, ...] = field(default=())      # of both optimize and evaluate, the network's

    @property
    def given(self) -> list[Any]:
        if self.scene is None:
            return []
        return ["--scene", self.scene, "--validation", self.validation, "--test", self.test]

    def folder(self, arm: str, seed: int) -> Path:
        return self.settings.work / f"{arm}_{seed}"


def run_seed(bench: Bench, seed: int, arms: Sequence[str]) -> None:
    """Adds the rows of one seed that are still missing.

    One run gives the rows of autosimulate and of its null control, and the demo's images. Raises InputError if the
    table holds rows of another commit.
    """
    done = bench.table.done()
    wanted = {"autosimulate", "none"} & ({*arms} if bench.scene else {*ARMS})
    if not {(arm, str(seed)) for arm in wanted | {*arms}} <= done:
        bench.table.require_one_version()
    if not {(arm, str(seed)) for arm in wanted} <= done:
        _learned(bench, seed, done)
    for arm in arms:
        if (arm, str(seed)) in done or arm in ("autosimulate", "none"):
            continue
        print(f"-- {arm}, seed {seed}", file=sys.stderr, flush=True)
        if arm in bench.psi:
            _add(bench, arm, seed, _evaluate(bench, bench.psi[arm], seed), {})
        else:
            numbers, seconds = optimize(_settings(bench.settings, arm), bench.folder(arm, seed), seed, *bench.given,
                                        *bench.flags, *_METHODS[arm], "--no-control", "--no-compare")
            scores = _evaluate(bench, bench.folder(arm, seed) / "psi.json", seed)
            _add(bench, arm, seed, scores, {**numbers, "seconds": numbers.get("seconds", seconds)})


def _settings(settings: Settings, arm: str) -> Settings:
    """Twice the images in half the trials, the same renders, for the methods that train a network per trial: with 24
    images its score says little. (As on the stand-in.)"""
    if arm not in ("bo", "random"):
        return settings
    return replace(settings, iterations=max(1, settings.iterations // 2), images=2 * settings.images)


def _learned(bench: Bench, seed: int, done: set[tuple[str, ...]]) -> None:
    print(f"-- autosimulate and its null control, seed {seed}", file=sys.stderr, flush=True)
    folder = bench.folder("autosimulate", seed)
    numbers, seconds = optimize(bench.settings, folder, seed, *bench.given, *bench.flags, "--no-control", "--compare")
    for arm, row in (("autosimulate", "learned"), ("none", "start")):
        if (arm, str(seed)) not in done:
            _add(bench, arm, seed, numbers["rows"][row], {
                "rendered": numbers["rendered"], "seconds": numbers.get("seconds", seconds),
                **({"val_loss": numbers["val_loss"], "val_miou": numbers["val_metric"]} if row == "learned" else {})})


def _evaluate(bench: Bench, psi: Path, seed: int) -> dict[str, Any]:
    own = bench.folder("autosimulate", seed)        # the demo's scene, and the test images of this seed
    settings = bench.settings
    size = ["--height", settings.width * 3 // 4] if bench.scene is None and settings.width else []
    return evaluate(settings, bench.scene or own / "scene.blend", psi, bench.test or own / "test", seed, *size,
                    *bench.flags)


def _add(bench: Bench, arm: str, seed: int, scores: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
    per_class = scores["per_class"]
    bench.table.add({
        "arm": arm, "seed": seed, "loss": scores["loss"], "miou": scores["metric"], "networks": len(scores["metrics"]),
        "loss_sd": _spread(scores["losses"]), "miou_sd": _spread(scores["metrics"]),
        "val_loss": numbers.get("val_loss"), "val_miou": numbers.get("val_metric"),
        "rendered": numbers.get("rendered", 0), "images": scores["images"],
        "steps": scores["steps"], "seconds": numbers.get("seconds"),
        **{f"iou {name}": per_class.get(name) for name in bench.classes}})


def _spread(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 else None


def finish(table: Table, figure: Path, title: str) -> None:
    """Prints the comparison as far as its rows are there, and draws it."""
    arms = by_arm(row for row in table.rows() if ":" not in row["arm"])
    if not {"autosimulate", "none"} <= set(arms):
        return
    print("\n".join(compare([(arm, "-", scores) for arm, scores in arms.items()], arms["autosimulate"], arms["none"],
                            arms.get("oracle"))))
    draw_seeds(arms, figure, title)
    print(f"rows: {table.path}   figure: {figure}")
