"""Steps that are worth their evidence: a coordinate moves by what stands out of its noise, or not at all.

A step of fixed length along an estimate that is mostly noise is a random walk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Normal

from ..hypergradient.estimate import Estimate

#: Coordinates that chance alone lets through, on average, of all that are free.
BY_CHANCE = 0.5
#: The effect that the number of needed renders is given for: the correlation of a coordinate's score with w.
EFFECT = 0.1


@dataclass(frozen=True)
class Evidence:
    """What an estimate says of each of P coordinates."""

    gradient: Tensor      # (P,) shrunk: what is left of it after the noise that it has to exceed; 0 where not heard
    heard: Tensor         # (P,) bool
    loudest: float        # the largest |z| of a coordinate that is free
    threshold: float      # that |z| had to exceed
    renders: float        # independent draws that the estimate is worth

    def renders_needed(self, effect: float = EFFECT) -> int:
        """Independent draws by which this effect stands out: the noise of a correlation over n is 1 / sqrt n."""
        return math.ceil((self.threshold / effect) ** 2)


def weigh(found: Estimate, free: Tensor) -> Evidence:
    """``free`` (P,): coordinates that may move. One whose estimate has the other sign in the other half of the
    photographs is not heard, whatever its z.

    Among P coordinates of nothing but noise some z are large: the threshold lets BY_CHANCE of them through. A heard
    gradient is shrunk by 1 - (threshold / z)^2, which is continuous there (positive-part James and Stein, 1961).
    """
    z = torch.where(free, found.gradient / found.variance.sqrt().clamp(min=1e-12), 0.0)
    count = max(1, int(free.sum()))
    threshold = max(1.0, float(Normal(0.0, 1.0).icdf(torch.tensor(1 - BY_CHANCE / (2 * count), dtype=torch.float64))))
    heard = z.abs() > threshold
    if found.agreement is not None:
        heard = heard & ~found.agreement.opposed
    left = (1 - (threshold / z.abs().clamp(min=1e-12)).square()).clamp(min=0)
    return Evidence(torch.where(heard, left * found.gradient, 0.0), heard, float(z.abs().max()), threshold,
                    found.effective)
