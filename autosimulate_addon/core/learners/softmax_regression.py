"""Multinomial logistic regression of weighted samples, solved to the end: a convex problem with one solution.

    L(theta) = sum_i w_i CE(x_i W + b, y_i) + l2 |W|^2           theta = (W; b) (D + 1, C)

The features are correlated, so that L-BFGS and conjugate gradients work in coordinates in which a bound of the Hessian
(Boehning 1992), with the curvature that is really there put in, is the identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..hypergradient.conjugate_gradients import CGResult, conjugate_gradients
from ..hypergradient.parameters import Parameters

#: Samples that the preconditioner is made of: it need not be exact.
_PRECONDITIONER_SAMPLES = 20_000
#: Of L-BFGS: the most steps, and the gradient, relative to that of theta = 0, at which it ends.
MOST_STEPS, TOLERANCE = 100, 1e-3
_HISTORY = 20


@dataclass(frozen=True)
class Samples:
    """Standardised features ``x`` (n, D), classes ``y`` (n,), weights ``w`` (n,) in the loss."""

    x: Tensor
    y: Tensor
    w: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def thinned(self, most: int) -> Samples:
        """One in so many that at most ``most`` are left, of the same total weight."""
        every = -(-len(self) // most)
        w = self.w[::every]
        return Samples(self.x[::every], self.y[::every], w * (self.w.sum() / w.sum().clamp(min=1e-30)))

    def logits(self, theta: Tensor) -> Tensor:
        """(n, C)"""
        return torch.addmm(theta[-1], self.x, theta[:-1])

    def errors(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """(the weighted loss, its gradient (n, C) in the logits)."""
        log_p = logits.log_softmax(1)
        loss = -(self.w * log_p.gather(1, self.y[:, None])[:, 0]).sum()
        errors = log_p.exp_()
        errors[torch.arange(len(self), device=errors.device), self.y] -= 1.0
        return loss, errors.mul_(self.w[:, None])

    def pull_back(self, errors: Tensor) -> Tensor:
        """(n, C) gradients in the logits -> (D + 1, C) in theta."""
        return torch.cat([self.x.T @ errors, errors.sum(0, keepdim=True)])


class SoftmaxRegression:
    """The problem of some samples, with ``classes`` and an ``l2``."""

    def __init__(self, samples: Samples, classes: int, l2: float) -> None:
        self.samples, self.classes, self.l2 = samples, classes, l2

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        loss, errors = self.samples.errors(self.samples.logits(theta))
        gradient = self.samples.pull_back(errors)
        gradient[:-1] += 2 * self.l2 * theta[:-1]
        return loss + self.l2 * theta[:-1].square().sum(), gradient

    def fit(self, theta: Tensor | None = None, progress: Callable[[float], None] = lambda fraction: None,
            tolerance: float | None = None) -> Tensor:
        """theta*, from ``theta`` (default: 0), to a gradient of ``tolerance`` (default: TOLERANCE) of that at 0.

        ``progress`` hears the fraction of the most steps that is done.
        """
        zero = self.samples.x.new_zeros(self.samples.x.shape[1] + 1, self.classes)
        change = self._coordinates
        least = (tolerance or TOLERANCE) * change.pull(self.loss_and_gradient(zero)[1]).norm().item()
        u = change.inverse(zero if theta is None else theta).requires_grad_()
        steps = torch.optim.LBFGS([u], max_iter=1, max_eval=20, history_size=_HISTORY, tolerance_grad=0.0,
                                  tolerance_change=0.0, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            loss, gradient = self.loss_and_gradient(change.theta(u.detach()))
            u.grad = change.pull(gradient)
            return loss

        for step in range(MOST_STEPS):
            steps.step(closure)
            progress((step + 1) / MOST_STEPS)
            if u.grad is not None and u.grad.norm() <= least:
                break
        return change.theta(u.detach())

    def hessian_product(self, theta: Tensor) -> Callable[[Tensor], Tensor]:
        """v (D + 1, C) -> H v, exact; or several v side by side (D + 1, k C), for little more time than one."""
        samples = self.samples
        p = samples.logits(theta).softmax(1)[:, None]

        def product(v: Tensor) -> Tensor:
            tangent = p * samples.logits(v).unflatten(1, (-1, self.classes))            # (n, k, C)
            tangent -= p * tangent.sum(2, keepdim=True)
            image = samples.pull_back(tangent.mul_(samples.w[:, None, None]).flatten(1))
            image[:-1] += 2 * self.l2 * v[:-1]
            return image

        return product

    def solve(self, theta: Tensor, rhs: Tensor, tolerance: float = 1e-3, max_iterations: int = 100) -> CGResult:
        """H^-1 rhs by conjugate gradients in the coordinates of the fit, to |residual| <= ``tolerance`` |rhs| there.

        ``rhs`` (D + 1, C), or several side by side (D + 1, k C): one system, whose blocks are all H.
        """
        change, product = Coordinates.of(self.samples, self.classes, self.l2, theta), self.hessian_product(theta)

        def in_coordinates(u: Parameters) -> Parameters:
            assert isinstance(u, Tensor)
            return change.pull(product(change.theta(u)))

        found = conjugate_gradients(in_coordinates, change.pull(rhs),
                                    tolerance=tolerance, max_iterations=max_iterations)
        assert isinstance(found.solution, Tensor)
        return CGResult(change.theta(found.solution), found.status, found.iterations, found.relative_residual,
                        found.damping)

    @cached_property
    def _coordinates(self) -> Coordinates:
        return Coordinates.of(self.samples, self.classes, self.l2)


@dataclass(frozen=True)
class Coordinates:
    """theta = (R u_W; s u_b): in u the Hessian is near the identity. ``root`` R (D, D) is upper triangular."""

    root: Tensor
    scale: float

    @classmethod
    def of(cls, samples: Samples, classes: int, l2: float, theta: Tensor | None = None) -> Coordinates:
        """R R' = (X' diag(w c) X + 2 l2 I)^-1, c the mean of p (1 - p) over the classes: with each sample's own p at
        ``theta``, else with the classes' shares, what is left where a classifier knows little. (Boehning's bound has
        1/2 there.)
        """
        few = samples.thinned(_PRECONDITIONER_SAMPLES)
        if theta is None:
            shares = torch.zeros(classes, dtype=few.w.dtype, device=few.w.device).index_add_(0, few.y, few.w)
            p = (shares / shares.sum().clamp(min=1e-30))[None]
        else:
            p = few.logits(theta).softmax(1)
        weights = few.w * (p * (1 - p)).mean(1)
        matrix = ((few.x * weights[:, None]).T @ few.x).double().cpu()
        matrix.diagonal().add_(2 * l2 + 1e-6 * float(matrix.diagonal().mean()))
        lower = torch.linalg.cholesky(matrix)
        identity = torch.eye(len(matrix), dtype=torch.float64)
        root = torch.linalg.solve_triangular(lower, identity, upper=False).T
        return cls(root.to(samples.x), max(float(weights.sum()), 1e-30) ** -0.5)

    def theta(self, u: Tensor) -> Tensor:
        return torch.cat([self.root @ u[:-1], self.scale * u[-1:]])

    def pull(self, gradient: Tensor) -> Tensor:
        """A gradient in theta as one in u."""
        return torch.cat([self.root.T @ gradient[:-1], self.scale * gradient[-1:]])

    def inverse(self, theta: Tensor) -> Tensor:
        return torch.cat([torch.linalg.solve_triangular(self.root, theta[:-1], upper=True), theta[-1:] / self.scale])
