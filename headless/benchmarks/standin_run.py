"""One run on the stand-in: a search with a number of renders, then fresh networks on images from what it delivers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.evaluation import Evaluation, evaluate_from_scratch
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, start_narrow_wrong, start_wide, target, validation_and_test
from autosimulate_addon.run.process.threads import keep_memory

from .standin_arms import FIXED, IMAGES, MATCHED, config_of

STARTS = {"wide": start_wide, "narrow": start_narrow_wrong}
#: Of the final comparison: images and training steps of a fresh network, and how many of them are averaged.
FRESH_IMAGES, FRESH_STEPS, JUDGES = 400, 600, 2

COLUMNS = ("arm", "start", "renders", "seed", "loss", "miou", "val_loss", "val_miou", "networks", "rendered", "steps",
           "search_seconds", "seconds", "psi")


@dataclass(frozen=True)
class Task:
    """What one process is asked for. ``label`` names the row: the arm, or a variant of it."""

    arm: str
    start: str
    renders: int
    seed: int
    label: str
    changes: Mapping[str, Any]
    fresh: tuple[int, int, int] = (FRESH_IMAGES, FRESH_STEPS, JUDGES)

    @property
    def key(self) -> tuple[str, ...]:
        return self.label, self.start, str(self.renders), str(self.seed)


def run(task: Task) -> dict[str, Any]:
    """The row. One thread: runs beside each other do not disturb each other's results or times."""
    torch.set_num_threads(1)
    keep_memory()
    began = time.perf_counter()
    validation, test = validation_and_test()
    simulator = StandIn(STARTS[task.start])
    start = Psi.from_factors(simulator.factors)
    config = config_of(task.arm, task.seed, task.renders, task.changes)
    name = {"arm": task.label, "start": task.start, "renders": task.renders, "seed": task.seed}
    if task.arm in FIXED:
        psi = start if task.arm == "none" else Psi.from_plain(simulator.factors, target)
        spent = {"rendered": 0, "steps": 0}
    else:
        if task.arm in MATCHED:
            start = _matched(task.seed, simulator, validation, start)
        state = State(config, simulator, validation, start)
        *_, last = optimize(state)
        psi = state.psi if task.arm == "no-average" else state.final
        spent = {"rendered": last.images, "steps": last.steps}
    searched = time.perf_counter() - began
    images, steps, networks = task.fresh
    scores = evaluate_from_scratch(config, simulator, psi,
                                   Evaluation(images, task.seed, validation, test, networks, steps))
    return {**name, "loss": scores["loss"], "miou": scores["metric"], "val_loss": scores["val_loss"],
            "val_miou": scores["val_metric"], **spent,
           "networks": networks,
           "search_seconds": round(searched, 2), "seconds": round(time.perf_counter() - began, 2),
           "psi": " ".join(f"{value:.4g}" for value in psi.phi.tolist())}


def _matched(seed: int, simulator: StandIn, validation: Dataset, start: Psi) -> Psi:
    """psi after matching on one batch."""
    state = State(config_of("match", seed, IMAGES), simulator, validation, start)
    next(optimize(state))
    return state.psi
