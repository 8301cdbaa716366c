"""The final claim: networks trained from nothing on images from psi, scored on images the optimisation never saw."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..protocol import SampleKey, Simulator
from ..protocol.events import Rendered, Trained
from .config import LoopConfig
from .datasets.dataset import Dataset
from .hypergradient.validation import Validation
from .learners import Learner, Photographs, Training, make_learner
from .psi import Psi
from .randomness import derive_seed
from .render_cache import RenderCache
from .renders import RenderStore
from .tasks import Scores, Task, make_task
from .tasks.task import BATCH
from .watch import Watch

#: Visits to each image, from which the training steps follow.
FROM_SCRATCH_EPOCHS = 12
#: A network that starts from nothing and ends with a falling learning rate can take larger steps at first.
FROM_SCRATCH_RATE = 4 / 3
_VALIDATIONS: WeakKeyDictionary[Dataset, dict[Hashable, Validation]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Evaluation:
    """What is compared between one psi and another: the same ``seed`` gives both the same random numbers.

    ``images`` are drawn from psi once for all ``networks``; each is trained for ``steps`` batches (None:
    FROM_SCRATCH_EPOCHS visits an image) with a learning rate that falls to zero along a cosine, and scored on
    ``validation`` and on ``test`` (None: on ``validation`` alone).
    """

    images: int
    seed: int
    validation: Dataset
    test: Dataset | None = None
    networks: int = 1
    steps: int | None = None
    real: Dataset | None = None     # labelled photographs that are trained on beside the images from psi,
    real_share: float = 0.5         # and their share of the loss: 1 for them alone


@dataclass(frozen=True)
class Judge:
    """A learner that was trained from nothing, its decision rule and its scores with and without it."""

    task: Task
    learner: Learner
    rule: Tensor | None             # (channels,), see ``Task.decision``
    validation: Validation          # the rule was chosen on these
    scores: Scores                  # on them
    decided: float                  # the metric on the test images (without any, on the validation images)

    def decided_on_validation(self) -> float:
        """The metric with the rule, or as it is for a task that has none."""
        return self.scores.metric if self.rule is None else decided_metric(
            self.task, self.learner, self.rule, self.validation)


def evaluate_from_scratch(config: LoopConfig, simulator: Simulator, psi: Psi, evaluation: Evaluation, *,
                          watch: Watch = Watch(), renders_dir: Path | None = None,  # noqa: B008
                          judged: Callable[[Judge], None] = lambda judge: None) -> dict[str, Any]:
    """Trains networks from nothing on images from ``psi`` and scores them; ``judged`` is given each of them.

    Returns {"loss", "metric", "per_class"} on the test images, {"val_loss", "val_metric", "val_per_class"}, all means
    over the networks, with the task's other metrics, if it has some, in "also"; "losses" and "metrics" of each network
    on the test images, in an order that the same seed repeats for another psi; "decided_metric" and "decided_metrics"
    likewise, with the decision rule of each network chosen for the metric on the validation images (see ``decision``);
    and the budget, "images" and "steps". Raises Cancelled where ``watch`` says stop.
    """
    steps = evaluation.steps or max(1, round(FROM_SCRATCH_EPOCHS * evaluation.images / config.batch_size))
    task = make_task(config.task, simulator.classes, config)
    unseen = derive_seed(evaluation.seed, "fresh") % 2**31     # samples that no optimisation of this seed has drawn
    store = _render(config, simulator, psi, evaluation.images, unseen, watch, renders_dir)
    validation = as_validation(task, evaluation.validation, store.device)
    test = as_validation(task, evaluation.test, store.device) if evaluation.test is not None else None
    results: list[tuple[Scores, Scores, float]] = []     # (on test, on validation, decided on test) of each network
    for repeat in range(evaluation.networks):

        def progress(fraction: float, done: int = repeat) -> None:
            watch.tell(Trained((done + fraction) / evaluation.networks))

        seed = derive_seed(unseen, "training", repeat)
        learner = make_learner(config, task, seed)
        if evaluation.real is not None:
            learner.photographs = Photographs(as_validation(task, evaluation.real, store.device), evaluation.real_share)
        # What depends on the renders alone is judged on different ones: else its judges could not differ.
        rows = torch.arange(len(store))
        if learner.unique and len(store) >= 2 * evaluation.networks:
            rows = rows[repeat::evaluation.networks]
        training = Training(psi, rows, steps, from_scratch=True, rate=FROM_SCRATCH_RATE, validation=validation)
        learner.fit(store, training, seed, progress)
        on_validation, rule = learner.evaluate(validation), decision_rule(task, learner, validation)
        metric = decided_metric(task, learner, rule, test or validation)
        results.append((learner.evaluate(test) if test is not None else on_validation, on_validation, metric))
        judged(Judge(task, learner, rule, validation, on_validation, metric))
    tests, validations, decided = (list(each) for each in zip(*results, strict=True))
    return {**_mean(tests), **{f"val_{name}": value for name, value in _mean(validations).items()},
            "losses": [scores.loss for scores in tests], "metrics": [scores.metric for scores in tests],
            "decided_metric": _average(decided), "decided_metrics": decided,
            "images": evaluation.images, "steps": steps}


@torch.no_grad()
def decision_rule(task: Task, learner: Learner, chosen_on: Validation) -> Tensor | None:
    """(channels,): what is added to the outputs for the best metric on ``chosen_on``; None where a task has no such."""
    return task.decision((learner.predict(chosen_on, rows), chosen_on.targets[rows])
                         for rows in torch.arange(len(chosen_on)).split(BATCH))


@torch.no_grad()
def decided_metric(task: Task, learner: Learner, rule: Tensor | None, scored_on: Validation) -> float:
    """The metric on ``scored_on`` with ``rule`` added to the outputs; NaN for a task that has no such rule.

    Where the rule was chosen on the same images it is what the best rule gives, not what a rule gives on images unseen.
    """
    if rule is None:
        return math.nan

    def decided(rows: Tensor) -> Tensor:
        outputs = learner.predict(scored_on, rows)
        return outputs + rule.to(outputs)[:, None, None]

    return task.evaluate(decided, torch.arange(len(scored_on)), scored_on.targets).metric


def as_validation(task: Task, dataset: Dataset, device: torch.device) -> Validation:
    """A data set as a network takes it and ``task`` judges it: one object for as long as the set lives, so that what
    learners remember of its images (see ``Validation.remembered``) is made once for all that look at it.
    """
    known = _VALIDATIONS.setdefault(dataset, {})
    key = type(task), task.channels, str(device)
    if key not in known:
        known[key] = _validation(task, dataset, device)
    return known[key]


def _validation(task: Task, dataset: Dataset, device: torch.device) -> Validation:
    images = torch.from_numpy(dataset.images).permute(0, 3, 1, 2).to(device, torch.float32) / 255.0
    targets = task.targets(torch.from_numpy(dataset.labels).to(device), boxes=dataset.boxes)
    return Validation(images.contiguous(memory_format=torch.channels_last), targets)


def _render(config: LoopConfig, simulator: Simulator, psi: Psi, count: int, seed: int, watch: Watch,
            folder: Path | None) -> RenderStore:
    """``count`` images from ``psi``, alone in a store of their own."""
    store = RenderStore(simulator.factors, simulator.layers, config.torch_device())
    keys = [SampleKey(seed, 0, sample) for sample in range(count)]
    renders = []
    for render in RenderCache(simulator, folder, "fresh_").render([psi.sample(key) for key in keys], keys):
        renders.append(render)
        watch.tell(Rendered(len(renders), count))
    store.add(renders, psi)
    return store


def _mean(scores: list[Scores]) -> dict[str, Any]:
    return {"loss": _average([each.loss for each in scores]), "metric": _average([each.metric for each in scores]),
            "per_class": {name: _average([each.per_class[name] for each in scores]) for name in scores[0].per_class},
            **({"also": {name: _average([each.also[name] for each in scores]) for name in scores[0].also}}
               if scores[0].also else {})}


def _average(values: list[float]) -> float:
    return torch.tensor(values, dtype=torch.float64).mean().item()
