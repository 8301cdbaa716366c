"""Searches that pay a data set and a training for one number: trials of psi in a box around the start."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..psi import Psi
from ..tasks.task import Scores
from .base import Search
from .method import Context

#: Half the width of the box, in standard deviations of the start's own distributions (and what is as far for spreads
#: and probabilities).
REACH = 3.0


class Trials(Search):
    """Proposes psi, is told the validation metric of a network trained on its images, delivers the best.

    A trial is a point in [0, 1]^P; the first is the middle of the box, the start itself.
    """

    trains_afresh = True

    def __init__(self, start: Psi, seed: int) -> None:
        super().__init__(start)
        self.seed = seed
        counts = torch.cat([torch.full((psi_slice.stop - psi_slice.start,), float(factor.count)).double()
                            for factor, psi_slice in zip(start.factors, start.slices.values(), strict=True)])
        # Whitened coordinates measure the draw of all values together: one value's deviation is sqrt(count) of them.
        self.reach = REACH * counts.sqrt()
        self.points: list[list[float]] = [[0.5] * start.size]
        self.values: list[float] = []

    def propose(self) -> list[float]:
        """The next point, from ``points`` and ``values``."""
        raise NotImplementedError

    def psi_at(self, point: list[float]) -> Psi:
        return self.start.step((2.0 * torch.tensor(point, dtype=torch.float64) - 1.0) * self.reach)

    def observe(self, context: Context, scores: Scores) -> None:
        self.values.append(0.0 if math.isnan(scores.metric) else scores.metric)
        self.points.append(self.propose())
        self.move(self.psi_at(self.points[-1]))

    def final(self) -> Psi:
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
