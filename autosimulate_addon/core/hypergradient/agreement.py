"""How sure a hypergradient is: what halves of its data say of each other, and an interval for each coordinate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

#: Standard errors to either side of an interval that holds the truth 19 times in 20.
WIDTH = 1.96


@dataclass(frozen=True)
class Agreement:
    """Cosines; 1: the halves say the same, 0: they have nothing to do with each other."""

    renders: float            # of v from each half of the renders
    photographs: float        # of the hypergradient of each half of the photographs, in their order
    opposed: Tensor           # (P,) bool: the coordinates that the two would move in opposite directions

    def record(self, coordinates: Sequence[str], gradient: Tensor, variance: Tensor) -> dict[str, Any]:
        """{"renders", "photographs", "intervals": by coordinate [low, high] of its gradient (P,)}, plain numbers.

        A gradient is in units of the deviation of w: about the correlation of w with the coordinate's score.
        """
        error = WIDTH * variance.sqrt()
        low, high = (gradient - error).tolist(), (gradient + error).tolist()
        intervals = {name: [round(a, 5), round(b, 5)]
                     for name, a, b in zip(coordinates, low, high, strict=True) if a < b}
        return {"renders": self.renders, "photographs": self.photographs, "intervals": intervals}
