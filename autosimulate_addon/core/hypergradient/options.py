"""The levers of the estimator."""

from __future__ import annotations

from dataclasses import dataclass

from .directional_derivative import FINITE_DIFFERENCE


@dataclass(frozen=True)
class EstimatorOptions:
    """Every lever can be taken away alone.

    The counts are per network and iteration. A replay of 128 renders closes 82 % of the loss gap on the stand-in; one
    of 24 closes 73 %, in two thirds of the time.
    """

    approximation: str = "quadratic"
    curvature: str = "ggn"              # or "hessian"
    damping: float = 0.0
    relative_damping: float = 0.01      # x g'Cg / g'g
    iterations: int = 6                 # of conjugate gradients
    curvature_images: int = 16          # of the batch, for C
    derivative: str = FINITE_DIFFERENCE  # of the losses along v, or "forward-mode": exact, twice the time
    pathwise: bool = True               # False: the score function for every factor
    relights: int = 2                   # M, redrawn lights and films per render, for pathwise gradients
    control_variates: bool = True       # for pathwise gradients, from the scores of the same draws
    pathwise_renders: int = 32          # at most this number of renders is differentiated by its lights and film
    replay: int = 128                   # renders: the batch, then past ones at the present theta; 0: the batch only
    truncation: float = 4.0             # of importance weights
    least_effective: float = 1.0        # x the batch: below this number of effective samples only the batch counts
    baseline: bool = True               # leave-one-out
    clip: float = 3.0                   # of z-scores of w; twice that for pathwise terms
    objective: str = "soft-miou"        # what psi is to lower over the validation images: see Task.objective
    metric_weight: float = 0.5          # x (1 - soft metric) joins the loss in "soft-miou"
    relative: bool = True               # of the log of each image's loss: hard images do not drown out the others
    object_credit: bool = True          # v . grad l inside an object's mask goes to that object's own draws
    validation_images: int = 0          # a subset chosen per iteration and network; 0: all of them
    halves: bool = False                # halves of renders and photographs are asked too: see ``agreement``; slower
