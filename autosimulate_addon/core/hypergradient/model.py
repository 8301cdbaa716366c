"""What the hypergradient asks of a learner: outputs as a function of theta, and what training adds to the losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from ..tasks.task import Parameters, Task


class Model(Protocol):
    """The training loss at theta is the mean loss of the images + ``regulariser(theta)``."""

    @property
    def theta(self) -> Parameters:
        """The parameters that training moves, by name, detached."""

    def outputs(self, theta: Parameters, images: Tensor) -> Tensor:
        """(K, channels, H, W) for images (K, 3, H, W) in [0, 1]; differentiable in both. No image changes another's."""

    def regulariser(self, theta: Parameters) -> Tensor:
        """A scalar, differentiable in theta; 0 where training adds nothing."""


def parts_of(task: Task, model: Model, images: Tensor, targets: Tensor) -> Callable[[Parameters], Tensor]:
    """theta -> the parts (K, ...) of the losses of these images."""
    return lambda theta: task.parts(model.outputs(theta, images), targets)


def losses_of(task: Task, model: Model, images: Tensor, targets: Tensor) -> Callable[[Parameters], Tensor]:
    """theta -> the losses (K,) of these images."""
    return lambda theta: task.losses(model.outputs(theta, images), targets)


def mean_loss_of(task: Task, model: Model, images: Tensor, targets: Tensor) -> Callable[[Parameters], Tensor]:
    """theta -> the mean loss of these images, without the regulariser."""
    losses = losses_of(task, model, images, targets)
    return lambda theta: losses(theta).mean()
