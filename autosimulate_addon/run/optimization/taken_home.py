"""network/: the judge that a person takes home, and what it and the start's see in the photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ...core.datasets import Dataset
from ...core.delivered import DeliveredNetwork
from ...core.delivered.files import WRITERS, missing_packages
from ...core.delivered.photographs import Windows
from ...core.evaluation import Evaluation, Judge
from ..config import RunConfig
from ..images import pictures
from ..images.predicted import predictions_of
from ..loop_config import loop_config
from ..process.notes import tell
from ..record import network_file
from ..record.directory import NetworkDirectory, RunDirectory, atomic_path
from ..record.events import EventLog
from .checked_run import CheckedRun
from .part import attempt

#: Photographs on the sheet of predictions.
SHOWN = 6


class BestJudge:
    """Of the judges of one row the one with the best metric on the validation images, with its decision rule."""

    def __init__(self) -> None:
        self.network: DeliveredNetwork | None = None
        self.judge: Judge | None = None
        self.metric = -np.inf
        self.seen = 0

    def see(self, judge: Judge) -> None:
        self.seen += 1
        metric = judge.decided_on_validation()
        if self.judge is None or metric > self.metric:
            # Without its learner, which would keep all of its memory.
            self.network, self.judge, self.metric = DeliveredNetwork.of(judge), replace(judge, learner=None), metric


def write(job: CheckedRun, best: BestJudge, evaluation: Evaluation, events: EventLog) -> None:
    """The models of ``best``, as far as their packages are here, and network.json."""
    directory, settings = job.directory.network, loop_config(job.config)
    directory.root.mkdir(parents=True, exist_ok=True)
    classes, size = best.judge.task.classes, (job.config.width, job.config.height)
    _write_models(directory, best.network, size, events)
    network_file.write(directory.description, network_file.Description(settings, classes, size), best.network,
                       {"colors": dict(zip(classes, pictures.class_colours().tolist(), strict=False)),
                        "trained_on": {"renders": evaluation.images, "real images": len(evaluation.real or ()),
                                       "seed": job.config.seed},
                        "scores": _scores(best, evaluation)})


def complete(directory: NetworkDirectory, config: RunConfig, events: EventLog) -> None:
    """The models that are missing beside a network.json: their package was missing when the run ended."""
    if not directory.description.exists() or all(directory.model(name).exists() for name in WRITERS):
        return

    def make() -> None:
        stored, network = network_file.read(directory, config.network_module, config.encoder_module)
        _write_models(directory, network, stored.size, events)

    attempt("What is missing of the network", make, events)


def _write_models(directory: NetworkDirectory, network: DeliveredNetwork, size: tuple[int, int],
                  events: EventLog) -> None:
    lacking = {name: missing for name, (_, packages) in WRITERS.items()
               if not directory.model(name).exists() and (missing := missing_packages(*packages))}
    if lacking:
        tell([f"{' and '.join(lacking)} of the network {'is' if len(lacking) == 1 else 'are'} left out, for want of "
              f"packages: pip install {' '.join(lacking.values())}, and --resume makes up for it."], events.write,
             left_out=True)
    for name, (writer, _) in WRITERS.items():
        path = directory.model(name)
        if path.exists() or name in lacking:
            continue

        def make(path: Path = path, writer: Callable[..., None] = writer) -> None:
            with atomic_path(path) as temporary:
                writer(network, size, temporary)

        attempt(f"{directory.root.name}/{name}", make, events)


def _scores(best: BestJudge, evaluation: Evaluation) -> dict[str, Any]:
    judge, held_out = best.judge, evaluation.test
    scores = {"metric_name": judge.task.metric, "chosen": f"the best of {best.seen} on the validation images",
              "validation": {"images": len(evaluation.validation), "loss": judge.scores.loss,
                             "metric": judge.scores.metric, "per_class": judge.scores.per_class,
                             "decided_metric": best.metric}}
    if held_out is not None:
        scores["test"] = {"images": len(held_out), "decided_metric": judge.decided}
    return scores


# -- the sheet of predictions --------------------------------------------------------------------------------------

def keep_predictions(directory: RunDirectory, row: str, best: BestJudge, dataset: Dataset) -> None:
    """What the network of ``row`` ("start" or "learned") sees in some validation images, one below the other."""
    task = best.judge.task
    drawn, shown = predictions_of(task.name, task.classes), _shown(dataset)
    if drawn.of_judges:
        images = torch.from_numpy(dataset.images[shown]).permute(0, 3, 1, 2).float() / 255.0
        with torch.no_grad():
            outputs = best.network(images)
        height, width = dataset.labels.shape[1:]
        pictures.write_image(directory.predicted(row), np.concatenate(
            [drawn.overlay(dataset.images[index], drawn.decide(drawn.seen(
                Windows.one(output, (height, width))), height, width))
             for index, output in zip(shown, outputs, strict=True)]))


def write_sheet(job: CheckedRun, dataset: Dataset, task: str) -> bool:
    """sheets/predictions.png: photographs, their truth, what the start's and the learned network see; False where one
    of them is not there."""
    directory = job.directory
    strips = [directory.predicted(row) for row in ("start", "learned")]
    if not all(path.exists() for path in strips):
        return False
    drawn, shown = predictions_of(task, dataset.classes), _shown(dataset)
    before, after = (np.split(np.asarray(Image.open(path).convert("RGB")), len(shown)) for path in strips)
    cells = [np.concatenate([dataset.images[index], drawn.overlay(dataset.images[index], drawn.truth(dataset, index)),
                             before[place], after[place]]) for place, index in enumerate(shown)]
    pictures.write_image(directory.sheet("predictions"), pictures.sheet(cells, len(cells)))
    return True


def _shown(dataset: Dataset) -> list[int]:
    """Some of the images, spread over their names."""
    return np.unique(np.linspace(0, len(dataset) - 1, min(SHOWN, len(dataset))).round().astype(int)).tolist()
