"""Steps that are worth their evidence: a coordinate moves by what it, or all together, stand out of their noise.

A step of fixed length along an estimate that is mostly noise is a random walk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Normal

from ..hypergradient.estimate import Estimate
from ..matching.significance import as_normal

#: Coordinates that chance alone lets through, on average, of all that are free.
BY_CHANCE = 0.5
#: The effect that the number of needed renders is given for: the correlation of a coordinate's score with w.
EFFECT = 0.1


@dataclass(frozen=True)
class Evidence:
    """What an estimate says of each of P coordinates."""

    gradient: Tensor      # (P,) shrunk: what is left of it after its noise
    heard: Tensor         # (P,) bool: what stands out by itself
    loudest: float        # the largest |z| of a coordinate that is free
    threshold: float      # that |z| had to exceed
    renders: float        # independent draws that the estimate is worth

    def renders_needed(self, effect: float = EFFECT) -> int:
        """Independent draws by which this effect stands out: the noise of a correlation over n is 1 / sqrt n."""
        return math.ceil((self.threshold / effect) ** 2)


def weigh(found: Estimate, free: Tensor, rests: Sequence[Tensor] = ()) -> Evidence:
    """``free`` (P,) bool: coordinates that may move. Those of each of ``rests`` (see ``Psi``) belong together.

    Among P coordinates of nothing but noise some z are large: the threshold lets BY_CHANCE of them through, which are
    heard and shrunk by 1 - (threshold / z)^2. Most of an effect may lie below it: where the other n together exceed
    their noise (sum z^2 over n by its standard deviation), they are shrunk by 1 - n / sum z^2 (James and Stein, 1961;
    with exceptions for what stands out, Efron and Morris, 1972). A coordinate whose estimate has the other sign in the
    other half of the photographs stays, whatever its z.
    """
    z = as_normal(found.gradient / found.variance.sqrt().clamp(min=1e-12), found.effective - 1)
    z = torch.where(free, z, 0.0)
    count = max(1, int(free.sum()))
    threshold = max(1.0, float(Normal(0.0, 1.0).icdf(torch.tensor(1 - BY_CHANCE / (2 * count), dtype=torch.float64))))
    heard = z.abs() > threshold
    single = torch.ones_like(free)
    for rest in rests:
        single = single & ~rest
    kept = (1 - (threshold / z.abs().clamp(min=1e-12)).square()).clamp(min=0)
    for pool in (single, *rests):
        quiet = pool & free & ~heard
        n, total = int(quiet.sum()), float(z[quiet].square().sum())
        if total > n + math.sqrt(2 * n):
            kept = torch.where(pool, kept.clamp(min=1 - n / total), kept)
    if found.agreement is not None:
        heard, kept = heard & ~found.agreement.opposed, torch.where(found.agreement.opposed, 0.0, kept)
    return Evidence(torch.where(free, kept * found.gradient, 0.0), heard, float(z.abs().max()), threshold,
                    found.effective)
