"""What a network is to learn: the one place that knows how labels become losses and a metric.

A second task is one file with a class that satisfies ``Task`` and one row in ``tasks.TASKS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from torch import Tensor

#: Images whose outputs are asked for at once, where nothing is trained.
BATCH = 32
#: What a learner fits, by name.
Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Scores:
    """An evaluation: the mean loss, the task's metric (higher is better) and the metric of each class that occurs."""

    loss: float
    metric: float
    per_class: dict[str, float]
    also: Mapping[str, float] = field(default_factory=dict)     # other metrics, by the names that they go by


#: Where no network was asked.
NOT_SCORED = Scores(math.nan, math.nan, {})


class Task(Protocol):
    """Losses, curvature, credit and evaluation for one kind of labels.

    Outputs and targets are one tensor each with the K images first. A loss depends on its own image alone: there is no
    normalisation over the batch. All methods but ``evaluate`` are differentiable in the outputs.
    """

    name: str                       # its key in ``tasks.TASKS``
    metric: str                     # what the metric is called wherever it is shown, such as "mIoU"
    outputs_mean: str               # what a network's outputs mean, for whoever takes it home
    classes: tuple[str, ...]        # classes[0] is the background

    @property
    def channels(self) -> int:
        """The channels that a network must give: its outputs are (K, channels, H, W)."""

    def targets(self, labels: Tensor, instances: Tensor | None = None,
                boxes: Sequence[np.ndarray] | None = None) -> Tensor:
        """(K, H, W) class ids and, of renders, instance ids, of data sets boxes (see ``Dataset``), where they have some
        -> the targets (K, ...), of renders and data sets alike."""

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(K,): the loss of each image, what ``parts`` sum to."""

    def parts(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(K, ...): the terms that the losses sum over, such as (K, H, W) for pixels."""

    def credit(self, parts: Tensor, instances: Tensor, count: int) -> Tensor:
        """(K, count): parts (K, ...) summed by instance; column i is that of id i in ``instances`` (K, H, W)."""

    def influence(self, parts: Tensor) -> Tensor:
        """(K, H, W): parts (K, ...) as a map over the image that keeps each image's sum."""

    def curvature(self, outputs: Tensor, tangent: Tensor, targets: Tensor) -> Tensor:
        """C dz, as the outputs z: C is the Hessian in z of the mean loss, dz the ``tangent``."""

    def statistics(self, targets: Tensor) -> Tensor:
        """(K, S) float32: what the labels of an image hold, by which renders and photographs are compared."""

    def statistics_groups(self) -> dict[str, Tensor]:
        """The columns of ``statistics`` that belong to each class, by its name; the first is the logarithm of the share
        of the image that it takes up (see ``label_statistics``)."""

    def objective(self, batches: Iterable[tuple[Tensor, Tensor]], count: int, objective: str,
                  metric_weight: float) -> Callable[[Tensor, Tensor], Tensor]:
        """The objective of validation, as a share for each batch: one of ``protocol.settings.OBJECTIVES``.

        The mean loss, "raw"; "soft-miou": + ``metric_weight`` (1 - soft metric); "calibrated": after the best
        recalibration of the outputs on these images. A task that has no soft metric (detection) takes "calibrated" for
        it.
        ``batches`` holds the (outputs, targets) of the whole set of ``count`` images. The returned function takes those
        of one batch and gives a scalar; the scalars' gradients sum to the gradient of the objective.
        """

    def decision(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor | None:
        """(channels,): what to add to the outputs before deciding, for the best metric on these images.

        ``batches`` holds their (outputs, targets). None: a task whose metric no such rule changes.
        """

    def evaluate(self, predict: Callable[[Tensor], Tensor], images: Tensor, targets: Tensor,
                 batch: int = BATCH) -> Scores:
        """Scores the outputs ``predict`` gives for ``images`` (N, 3, H, W) in [0, 1]."""


#: The classes of a simulator, and a ``LoopConfig`` (None: as usual) -> a task.
TaskFactory = Callable[[Sequence[str], Any], Task]
