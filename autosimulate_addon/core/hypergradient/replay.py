"""Which renders w is taken of, and what each weighs: past renders are draws from another psi, and serve again.

A render of an earlier psi_j counts with the weight q_psi(s) / sum_j a_j q_psi_j(s) (the balance heuristic, Veach 1997),
truncated and normalised (see the package's docstring for the bias of both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..psi import Psi
from ..randomness import derive_seed
from ..renders import RenderStore
from .options import EstimatorOptions


@dataclass(frozen=True)
class WeightedRenders:
    """Rows ``index`` (n,) of a store, weights (n,) that sum to 1, and how many independent draws they are worth."""

    index: Tensor
    weights: Tensor
    effective: float

    @classmethod
    def equal(cls, index: Tensor) -> WeightedRenders:
        """Independent draws from psi itself."""
        count = len(index)
        return cls(index, torch.full((count,), 1.0 / count, dtype=torch.float64), float(count))

    def moments(self, terms: Tensor) -> tuple[Tensor, Tensor]:
        """(the mean (P,) of the terms (n, P), the variance (P,) of that mean)."""
        mean = (self.weights[:, None] * terms).sum(0)
        return mean, (self.weights[:, None] * (terms - mean).square()).sum(0) / self.effective

    def resample(self, count: int, seed: int) -> WeightedRenders:
        """At most ``count`` of them by systematic resampling: each as often as its weight says, to within one."""
        if len(self.index) <= count:
            return self
        offset = torch.rand((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        steps = (torch.arange(count) + offset) / count
        drawn = torch.searchsorted(self.weights.cumsum(0), steps).clamp(max=len(self.index) - 1)
        chosen, times = drawn.unique(return_counts=True)
        weights = times.double() / count
        return WeightedRenders(self.index[chosen], weights, min(self.effective, 1.0 / weights.square().sum().item()))


def replayed(store: RenderStore, batch: Tensor, psi: Psi, redrawn: Sequence[str], options: EstimatorOptions,
             seed: int) -> WeightedRenders:
    """The renders to take w of: ``options.replay`` out of all so far, or the batch (K,) alone.

    The factors ``redrawn`` are drawn from psi whenever a render is used, so only the others enter the weights. The
    batch stands alone where it is large enough, and where all renders together are worth less than it.
    """
    alone = WeightedRenders.equal(batch)
    if len(batch) >= options.replay or len(store) == len(batch):
        return alone
    rendered = [factor.key for factor in store.factors if factor.key not in redrawn]
    weights, effective = store.importance_weights(psi, rendered, options.truncation)
    if effective < options.least_effective * len(batch):
        return alone
    everything = WeightedRenders(torch.arange(len(store)), weights, effective)
    return everything.resample(options.replay, derive_seed(seed, "replay"))
