"""The direction v in the space of weights along which each image's loss is asked to change (paper, Table 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .conjugate_gradients import CGStatus, conjugate_gradients
from .parameters import Parameters, is_finite, ones_like
from .products import Product

#: | approximation         | v                        |
#: | quadratic             | (C + lambda I)^-1 g_val  |
#: | approximate-quadratic | C g_val                  |
#: | linear                | g_val                    |
#: | no-validation         | 1                        |
#: C is the Hessian or the Gauss-Newton matrix of the training loss. The sign of the second is that of the term it
#: stands for: an image whose gradient agrees with v is one that lowers the validation loss when trained on.
APPROXIMATIONS = ("quadratic", "approximate-quadratic", "linear", "no-validation")


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
    validation_gradient: Parameters,
    product: Product,
    *,
    damping: float = 0.0,
    relative_damping: float = 0.0,
    iterations: int = 10,
    tolerance: float = 1e-6,
) -> Direction:
    """v for one of ``APPROXIMATIONS``; the keywords concern the quadratic one and are those of the solver."""
    if approximation == "quadratic":
        result = conjugate_gradients(product, validation_gradient, damping=damping, relative_damping=relative_damping,
                                     tolerance=tolerance, max_iterations=iterations)
        return Direction(result.solution, str(result.status), result.iterations, result.relative_residual,
                         result.damping)
    if approximation == "approximate-quadratic":
        vector = product(validation_gradient)
    elif approximation == "linear":
        vector = validation_gradient
    elif approximation == "no-validation":
        vector = ones_like(validation_gradient)
    else:
        raise ValueError(f"Unknown approximation {approximation!r}; it is one of {', '.join(APPROXIMATIONS)}")
    if not is_finite(vector):
        return Direction(vector, str(CGStatus.NOT_FINITE), relative_residual=math.nan)
    return Direction(vector, "exact")
