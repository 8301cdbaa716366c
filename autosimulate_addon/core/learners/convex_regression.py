"""Linear outputs of weighted samples under a convex loss, solved to the end: a problem with one solution.

    L(theta) = sum_i loss_i(x_i W + b) + l2 |W|^2           theta = (W; b) (D + 1, C)

The features are correlated, so that L-BFGS and conjugate gradients work in coordinates in which the Hessian, with the
samples' curvature averaged over the columns, is the identity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from ..hypergradient.conjugate_gradients import CGResult, conjugate_gradients
from ..hypergradient.parameters import Parameters

#: Samples that the preconditioner is made of: it need not be exact.
_PRECONDITIONER_SAMPLES = 20_000
#: Of L-BFGS: the most steps, and the gradient, relative to that of theta = 0, at which it ends.
MOST_STEPS, TOLERANCE = 100, 1e-3
_HISTORY = 20


class Loss(Protocol):
    """Samples with standardised features ``x`` (n, D) and whatever makes a loss of their outputs (n, C)."""

    @property
    def x(self) -> Tensor: ...

    def errors(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """(the weighted loss of all samples, its gradient (n, C) in the outputs)."""

    def curvature(self, outputs: Tensor) -> Callable[[Tensor], Tensor]:
        """(n, k, C) tangents -> the Hessian in the outputs times them; what is given may be written over."""

    def start(self) -> Tensor:
        """(C,): biases from which a fit begins, and beside which it is to be judged how far it got."""

    def bend(self, outputs: Tensor | None) -> Tensor:
        """(n,): the diagonal of the Hessian, averaged over the columns; without outputs, where little is known."""

    def thinned(self, most: int) -> Self:
        """At most about ``most`` samples, of the same total weight."""


class Problem(Protocol):
    """A convex problem of theta (D + 1, C): a regression, or several of some columns each."""

    def fit(self, theta: Tensor | None = None, progress: Callable[[float], None] = lambda fraction: None,
            tolerance: float | None = None) -> Tensor: ...

    def hessian_product(self, theta: Tensor) -> Callable[[Tensor], Tensor]: ...

    def solve(self, theta: Tensor, rhs: Tensor, tolerance: float = 1e-3, max_iterations: int = 100) -> CGResult: ...


def outputs_of(x: Tensor, theta: Tensor) -> Tensor:
    """(n, C)"""
    # Few columns: by the CPU's library a third to half of the time of x @ W; in `pull_back`, a sixth of x' @ errors.
    return F.linear(x, theta[:-1].T.contiguous(), theta[-1])


def pull_back(x: Tensor, errors: Tensor) -> Tensor:
    """(n, C) gradients in the outputs -> (D + 1, C) in theta."""
    return torch.cat([(errors.T @ x).T, errors.sum(0, keepdim=True)])


class ConvexRegression:
    """The problem of some samples, with ``columns`` outputs and an ``l2``."""

    def __init__(self, samples: Loss, columns: int, l2: float) -> None:
        self.samples, self.columns, self.l2 = samples, columns, l2

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        x = self.samples.x
        loss, errors = self.samples.errors(outputs_of(x, theta))
        gradient = pull_back(x, errors)
        gradient[:-1] += 2 * self.l2 * theta[:-1]
        return loss + self.l2 * theta[:-1].square().sum(), gradient

    def fit(self, theta: Tensor | None = None, progress: Callable[[float], None] = lambda fraction: None,
            tolerance: float | None = None) -> Tensor:
        """theta*, from ``theta`` (default: no weights, and the samples' ``start``), to a gradient of ``tolerance``
        (default: TOLERANCE) of that at the default.

        ``progress`` hears the fraction of the most steps that is done.
        """
        zero = self.samples.x.new_zeros(self.samples.x.shape[1] + 1, self.columns)
        zero[-1] = self.samples.start()
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
        x = self.samples.x
        curvature = self.samples.curvature(outputs_of(x, theta))

        def product(v: Tensor) -> Tensor:
            tangent = outputs_of(x, v).unflatten(1, (-1, self.columns))            # (n, k, C)
            image = pull_back(x, curvature(tangent).flatten(1))
            image[:-1] += 2 * self.l2 * v[:-1]
            return image

        return product

    def derivatives(self, theta: Tensor, directions: Sequence[Tensor]) -> Tensor:
        """(directions, n): of each sample's loss at ``theta`` along directions (D + 1, C), without the l2."""
        errors = self.samples.errors(outputs_of(self.samples.x, theta))[1]
        return torch.stack([(errors * outputs_of(self.samples.x, v)).sum(1) for v in directions])

    def solve(self, theta: Tensor, rhs: Tensor, tolerance: float = 1e-3, max_iterations: int = 100) -> CGResult:
        """H^-1 rhs by conjugate gradients in the coordinates of the fit, to |residual| <= ``tolerance`` |rhs| there.

        ``rhs`` (D + 1, C), or several side by side (D + 1, k C): one system, whose blocks are all H.
        """
        change, product = Coordinates.of(self.samples, self.l2, theta), self.hessian_product(theta)

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
        return Coordinates.of(self.samples, self.l2)


@dataclass(frozen=True)
class Coordinates:
    """theta = (R u_W; s u_b): in u the Hessian is near the identity. ``root`` R (D, D) is upper triangular."""

    root: Tensor
    scale: float

    @classmethod
    def of(cls, samples: Loss, l2: float, theta: Tensor | None = None) -> Coordinates:
        """R R' = (X' diag(c) X + 2 l2 I)^-1, c the samples' ``bend`` at ``theta``, or where little is known."""
        few = samples.thinned(_PRECONDITIONER_SAMPLES)
        weights = few.bend(None if theta is None else outputs_of(few.x, theta))
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
