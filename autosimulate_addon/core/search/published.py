"""Algorithm 1 as it was published, for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import torch

from ..hypergradient.direction import find_direction
from ..hypergradient.options import EstimatorOptions
from ..hypergradient.pathwise import Probe, Relighting, directional_derivatives
from ..psi import Psi
from ..tasks import Scores
from .base import Search
from .method import Context, Outcome


@dataclass(frozen=True)
class PublishedOptions:
    """The paper gives neither damping nor iterations; Neural-Sim, very likely of the same code, uses these."""

    approximation: str = "quadratic"
    step_size: float = 1e-3       # alpha; the paper gives none
    damping: float = 1e-2
    iterations: int = 10          # of conjugate gradients


class Published(Search):
    """psi <- psi + alpha * sum_k w_k grad_psi log q_psi(s_k), after training on the s_k.

    Conjugate gradients on the Hessian with plain damping, no baseline, no 1/K, no re-use of renders, no relighting,
    no bound on the step but psi's own limits. The one liberty taken: psi is that of this package, in whitened
    coordinates, as the paper does not say in which it steps (this can only help it).
    """

    def __init__(self, start: Psi, options: PublishedOptions) -> None:
        super().__init__(start)
        self.options = EstimatorOptions(approximation=options.approximation, curvature="hessian",
                                        damping=options.damping, relative_damping=0.0, iterations=options.iterations,
                                        objective="raw")
        self.step_size = options.step_size

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        return cls(start, PublishedOptions(settings.approximation, settings.published_step_size))

    def after_training(self, context: Context, scores: Scores) -> Outcome:
        store, batch, learner = context.store, context.batch, context.ensemble[0]
        images, targets = store.images(batch, None, [0] * len(batch)), store.targets(context.task, batch)
        v = find_direction(context.task, learner, images, targets, context.validation, self.options,
                           context.seed)
        probe = Probe(context.task, learner, learner.theta, v.vector)
        derivatives = directional_derivatives(probe, store, batch, context.psi, Relighting(seed=context.seed))
        score = context.psi.score({key: draws[batch] for key, draws in store.draws.items()})
        u = self.step_size * (derivatives.w[:, None] * score).sum(0)
        details = {"derivative": derivatives.method, "cg_iterations": v.iterations,
                   "cg_residual": v.relative_residual}
        if not (v.usable and bool(torch.isfinite(u).all())):
            return Outcome("not_finite", details)
        self.move(context.psi.step(u))
        return Outcome(v.status, details)
