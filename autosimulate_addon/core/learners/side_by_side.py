"""Several convex problems as one: each has columns of theta of its own, and knows nothing of the others'."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..hypergradient.conjugate_gradients import CGResult, CGStatus
from .convex_regression import ConvexRegression


class SideBySide:
    """Regressions whose columns lie one beside the other."""

    def __init__(self, regressions: Sequence[ConvexRegression]) -> None:
        self.regressions = list(regressions)

    def split(self, theta: Tensor) -> list[Tensor]:
        """(D + 1, columns of all) -> (D + 1, columns) of each."""
        return list(theta.split([each.columns for each in self.regressions], 1))

    def fit(self, theta: Tensor | None = None, progress: Callable[[float], None] = lambda fraction: None,
            tolerance: float | None = None) -> Tensor:
        """theta* (see ``ConvexRegression.fit``)."""
        starts = [None] * len(self.regressions) if theta is None else self.split(theta)
        found = []
        for done, (each, start) in enumerate(zip(self.regressions, starts, strict=True)):
            found.append(each.fit(start, lambda fraction, done=done: progress(  # type: ignore[misc]
                (done + fraction) / len(self.regressions)), tolerance))
        return torch.cat(found, 1)

    def hessian_product(self, theta: Tensor) -> Callable[[Tensor], Tensor]:
        """v (D + 1, C), or several side by side (D + 1, k C) -> H v."""
        products = [each.hessian_product(own) for each, own in zip(self.regressions, self.split(theta), strict=True)]

        def product(v: Tensor) -> Tensor:
            return torch.cat([torch.cat([of(own) for of, own in zip(products, self.split(block), strict=True)], 1)
                              for block in v.split(theta.shape[1], 1)], 1)

        return product

    def solve(self, theta: Tensor, rhs: Tensor, tolerance: float = 1e-3, max_iterations: int = 100) -> CGResult:
        """H^-1 rhs; the result says what the solve did that went worst."""
        blocks = [self.split(block) for block in rhs.split(theta.shape[1], 1)]
        solved = [each.solve(own, torch.cat([block[place] for block in blocks], 1), tolerance, max_iterations)
                  for place, (each, own) in enumerate(zip(self.regressions, self.split(theta), strict=True))]
        parts = []
        for each, found in zip(self.regressions, solved, strict=True):
            assert isinstance(found.solution, Tensor)
            parts.append(found.solution.split(each.columns, 1))
        whole = torch.cat([part for block in zip(*parts, strict=True) for part in block], 1)
        worst = worst_of(solved)
        return CGResult(whole, worst.status, max(each.iterations for each in solved), worst.relative_residual,
                        worst.damping)


def worst_of(solved: Sequence[CGResult]) -> CGResult:
    return max(solved, key=lambda each: (each.status != CGStatus.CONVERGED, each.relative_residual))
