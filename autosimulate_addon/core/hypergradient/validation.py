"""The validation images, and g_val, the gradient of the objective over them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from ..tasks.task import Task
from .chunks import images_at_once
from .model import Model
from .parameters import OfParameters, Parameters, axpy
from .products import gradient


@dataclass(frozen=True)
class Validation:
    """Real images (N, 3, H, W) float in [0, 1] and the task's targets (N, ...) for them, on the device."""

    images: Tensor
    targets: Tensor
    _memory: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def remembered(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """What ``make`` gives for these images, made once."""
        if name not in self._memory:
            self._memory[name] = make()
        return self._memory[name]

    def __len__(self) -> int:
        return len(self.images)

    def choose(self, count: int, seed: int) -> Validation:
        """A random subset of ``count`` images; all of them where ``count`` is 0 or not below their number."""
        if not 0 < count < len(self):
            return self
        index = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:count]
        return self.part(index)

    def part(self, index: Tensor) -> Validation:
        """These of the images."""
        index = index.to(self.images.device)
        return Validation(self.images[index], self.targets[index])


def validation_gradient(task: Task, model: Model, theta: dict[str, Tensor], validation: Validation,
                        objective: str = "raw", metric_weight: float = 0.0) -> Parameters:
    """g_val, the gradient of the task's objective over the validation images (see ``Task.objective``)."""
    chunk = images_at_once(*validation.images.shape[-2:])
    batches = list(zip(validation.images.split(chunk), validation.targets.split(chunk), strict=True))
    with torch.no_grad():
        share = task.objective(((model.outputs(theta, x), y) for x, y in batches), len(validation), objective,
                               metric_weight)

    parts = (gradient(_share_of(share, model, x, y), theta) for x, y in batches)
    return reduce(lambda total, part: axpy(1.0, part, total), parts)


def _share_of(share: Callable[[Tensor, Tensor], Tensor], model: Model, images: Tensor,
              targets: Tensor) -> OfParameters:
    return lambda theta: share(model.outputs(theta, images), targets)
