"""The direction v in the space of weights along which each image's loss is asked to change (paper, Table 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from ...protocol.settings import APPROXIMATIONS
from ..tasks.task import Task
from .conjugate_gradients import CGStatus, conjugate_gradients
from .curvature import training_curvature
from .model import Model
from .options import EstimatorOptions
from .parameters import Parameters, is_finite, ones_like
from .products import Product
from .validation import Validation, validation_gradient

#: | approximation         | v                        |
#: | quadratic             | (C + lambda I)^-1 g_val  |
#: | approximate-quadratic | C g_val                  |
#: | linear                | g_val                    |
#: | no-validation         | 1                        |
#: C is the Hessian or the Gauss-Newton matrix of the training loss. The sign of the second is that of the term it
#: stands for: an image whose gradient agrees with v is one that lowers the validation loss when trained on.
_KNOWN = tuple(choice.id for choice in APPROXIMATIONS)


@dataclass(frozen=True)
class Direction:
    """v, and how it was found. ``status`` is "exact" where nothing had to be solved."""

    vector: Parameters
    status: str
    iterations: int = 0
    relative_residual: float = 0.0
    damping: float = 0.0

    @property
    def usable(self) -> bool:
        return self.status != str(CGStatus.NOT_FINITE)


def direction(
    approximation: str,
    g_val: Parameters,
    product: Product,
    *,
    damping: float = 0.0,
    relative_damping: float = 0.0,
    iterations: int = 10,
    tolerance: float = 1e-6,
) -> Direction:
    """v for one of ``settings.APPROXIMATIONS``; the keywords concern the quadratic one and are those of the solver."""
    if approximation == "quadratic":
        result = conjugate_gradients(product, g_val, damping=damping, relative_damping=relative_damping,
                                     tolerance=tolerance, max_iterations=iterations)
        return Direction(result.solution, str(result.status), result.iterations, result.relative_residual,
                         result.damping)
    if approximation == "approximate-quadratic":
        vector = product(g_val)
    elif approximation == "linear":
        vector = g_val
    elif approximation == "no-validation":
        vector = ones_like(g_val)
    else:
        raise ValueError(f"Unknown approximation {approximation!r}; it is one of {', '.join(_KNOWN)}")
    if not is_finite(vector):
        return Direction(vector, str(CGStatus.NOT_FINITE), relative_residual=math.nan)
    return Direction(vector, "exact")


def find_direction(task: Task, model: Model, images: Tensor, targets: Tensor, validation: Validation,
                   options: EstimatorOptions, seed: int) -> Direction:
    """v at the model's present theta, with these training images (n, 3, H, W) and targets for the curvature.

    ``seed`` chooses the validation images where ``options`` asks for some of them only.
    """
    theta = model.theta
    g_val = validation_gradient(task, model, theta, validation.choose(options.validation_images, seed),
                                objective=options.objective, metric_weight=options.metric_weight)
    product = training_curvature(task, model, theta, images, targets, options.curvature)
    return direction(options.approximation, g_val, product, damping=options.damping,
                     relative_damping=options.relative_damping, iterations=options.iterations)
