"""How far psi may move."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Bounds:
    """Floors and ceilings that every step of psi keeps to. Spreads are relative to the spread at the start.

    A distribution that has collapsed draws nothing new, gives no score, and can never recover: hence the floors.
    """

    probability: float = 0.03           # of each item; with many items 0.3 / n, whichever is less
    std_floor: float = 0.1           # x the standard deviation at the start
    std_ceiling: float = 2.0         # x the standard deviation at the start
    wide_log_std: float = math.log(2)   # of log x: a factor of two. A wider log-normal has long tails,
    wide_ceiling: float = 1.3           # and may widen this much only: black, white and blurred images teach nothing
    concentration: float = 0.5          # least alpha and beta of a Beta: below, nearly all draws lie at a limit

    def probability_floor(self, items: int) -> float:
        return min(self.probability, 0.3 / items)

    def log_std_ceiling(self, start: Tensor) -> Tensor:
        """Of log-normals, from the standard deviations of log x at the start; both (size,)."""
        return torch.minimum(self.std_ceiling * start, (self.wide_ceiling * start).clamp(min=self.wide_log_std))


DEFAULT_BOUNDS = Bounds()
