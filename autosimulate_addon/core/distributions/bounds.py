"""How far psi may move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """Floors and ceilings that every step of psi keeps to. Spreads are relative to the spread at the start.

    A distribution that has collapsed draws nothing new, gives no score, and can never recover: hence the floors.
    """

    probability: float = 0.03           # of each item; with many items 0.3 / n, whichever is less
    spread_floor: float = 0.1           # x the standard deviation at the start
    spread_ceiling: float = 2.0         # x the standard deviation at the start
    concentration: float = 0.5          # least alpha and beta of a Beta: below, nearly all draws lie at a limit

    def probability_floor(self, items: int) -> float:
        return min(self.probability, 0.3 / items)
