"""Searches that pay a data set and a training for one number: trials of psi in a box around the start."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from ..psi import Psi
from ..tasks import Scores
from .base import Search
from .method import Context


@dataclass(frozen=True)
class BlackBoxOptions:
    """``reach``: half the width of the box, in standard deviations of the start's own distributions.

    For standard deviations and probabilities it is what is as far. ``seed``: of the proposals.
    """

    seed: int
    reach: float = 3.0


class BlackBoxSearch(Search):
    """Proposes psi, is told the validation metric of a network trained on its images, delivers the best.

    A trial is a point in [0, 1]^P; the first is the middle of the box, the start itself.
    """

    retrains = True

    def __init__(self, start: Psi, options: BlackBoxOptions) -> None:
        super().__init__(start)
        self.seed = options.seed
        counts = torch.cat([torch.full((psi_slice.stop - psi_slice.start,), float(factor.count)).double()
                            for factor, psi_slice in zip(start.factors, start.slices.values(), strict=True)])
        # Whitened coordinates measure the draw of all values together: one value's deviation is sqrt(count) of them.
        self.reach = options.reach * counts.sqrt()
        self.points: list[list[float]] = [[0.5] * start.size]
        self.values: list[float] = []

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        return cls(start, BlackBoxOptions(settings.seed))

    def propose(self) -> list[float]:
        """The next point, from ``points`` and ``values``."""
        raise NotImplementedError

    def psi_at(self, point: list[float]) -> Psi:
        return self.start.step((2.0 * torch.tensor(point, dtype=torch.float64) - 1.0) * self.reach)

    def after_training(self, context: Context, scores: Scores) -> None:
        self.values.append(0.0 if math.isnan(scores.metric) else scores.metric)
        self.points.append(self.propose())
        self.move(self.psi_at(self.points[-1]))

    def recommend(self) -> Psi:
        if not self.values:
            return self.psi
        return self.psi_at(self.points[max(range(len(self.values)), key=self.values.__getitem__)])

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "points": [list(p) for p in self.points], "values": list(self.values)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.points = [list(p) for p in state["points"]]
        self.values = list(state["values"])


def uniform(size: int, seed: int) -> Tensor:
    return torch.rand(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
