"""The convex heads as learners."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...protocol import InputError
from ..features.encoder import make_encoder
from ..hypergradient.estimate import Estimate
from ..hypergradient.options import EstimatorOptions
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..renders import RenderStore
from ..tasks.task import Task
from .box_head import BoxHead
from .convex_head import ConvexHead
from .cross_fitting import cross_fitted
from .head_network import HEAD_NETWORKS
from .pixel_head import PixelHead


class _Exact(ConvexHead):
    """With the hypergradient that is exact for it."""

    unique = True

    def estimate(self, store: RenderStore, batch: Tensor, psi: Psi, validation: Validation, options: EstimatorOptions,
                 seed: int) -> Estimate:
        return cross_fitted(self, store, batch, psi, validation, options)


class PixelHeadLearner(_Exact, PixelHead):
    pass


class BoxHeadLearner(_Exact, BoxHead):
    pass


#: The head of each task.
HEADS: dict[str, type[PixelHeadLearner] | type[BoxHeadLearner]] = {
    "segmentation": PixelHeadLearner, "detection": BoxHeadLearner}


class HeadLearners:
    """(settings, task, seed) -> the head of the task."""

    unique = True

    def __call__(self, settings: Any, task: Task, seed: int) -> PixelHeadLearner | BoxHeadLearner:
        """Raises InputError for a task that no head can learn."""
        if task.name not in HEADS:
            raise InputError(f"The learner 'head' learns {' or '.join(HEADS)}, not the task {task.name!r}: choose "
                             "--learner network.")
        return HEADS[task.name](settings, task, seed)

    @staticmethod
    def skeleton(settings: Any, channels: int) -> nn.Module:
        encoder = make_encoder(settings.encoder, settings.encoder_module)
        return HEAD_NETWORKS[settings.task](encoder, torch.zeros(encoder.channels, channels), torch.zeros(channels))
