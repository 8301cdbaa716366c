"""Algorithm 1 as it was published, for comparison."""

from __future__ import annotations

import torch

from ..hypergradient.estimator import EstimatorOptions, find_direction
from ..hypergradient.parameters import trainable_parameters
from ..hypergradient.pathwise import relit_derivatives
from ..psi import Psi
from .base import Search
from .method import Context, Outcome

#: The paper gives neither; Neural-Sim, very likely of the same code, uses these.
LITERAL_DAMPING, LITERAL_ITERATIONS = 1e-2, 10


class Literal(Search):
    """psi <- psi + alpha * sum_k w_k grad_psi log q_psi(s_k), after training on the s_k.

    Conjugate gradients on the Hessian with plain damping, no baseline, no 1/K, no re-use of renders, no relighting,
    no bound on the step but psi's own limits. The one liberty taken: psi is that of this package, in whitened
    coordinates, as the paper does not say in which it steps (this can only help it).
    """

    def __init__(self, start: Psi, approximation: str, step_size: float) -> None:
        super().__init__(start)
        self.options = EstimatorOptions(approximation=approximation, curvature="hessian", damping=LITERAL_DAMPING,
                                        relative_damping=0.0, iterations=LITERAL_ITERATIONS, metric_weight=0.0)
        self.step_size = step_size

    def after_training(self, context: Context) -> Outcome:
        store, fresh = context.store, context.fresh
        images, targets = store.images(fresh, None, [0] * len(fresh)), store.targets(context.task, fresh)
        v = find_direction(context.task, context.network, images, targets, context.validation, self.options,
                           context.seed)
        derivatives = relit_derivatives(
            context.task, context.network, trainable_parameters(context.network), v.vector, store, fresh, context.psi,
            (), relights=1, seed=context.seed)
        scores = context.psi.score({key: draws[fresh] for key, draws in store.draws.items()})
        u = self.step_size * (derivatives.w[:, None] * scores).sum(0)
        details = {"derivative": derivatives.method, "cg_iterations": v.iterations,
                   "cg_residual": v.relative_residual}
        if not (v.usable and bool(torch.isfinite(u).all())):
            return Outcome("not_finite", details)
        self.move(context.psi.step(u))
        return Outcome(v.status, details)
