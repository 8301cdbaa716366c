"""What chance makes of standard errors: of few renders, and of many coordinates."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Normal


def as_normal(t: Tensor, freedom: Tensor | float) -> Tensor:
    """The normal deviates of the probabilities of Student's t with ``freedom`` degrees: few renders give large t.

    The approximation of Wallace, "Bounds on normal approximations to Student's and the chi-square distributions", 1959.
    """
    freedom = torch.as_tensor(freedom, dtype=t.dtype).clamp(min=1.0)
    return t.sign() * (8 * freedom + 1) / (8 * freedom + 3) * (freedom * torch.log1p(t.square() / freedom)).sqrt()


def more_than_chance(z: Tensor, count: int, chance: float) -> bool:
    """Whether any of ``count`` coordinates has something to say, wrongly so in ``chance`` of the cases at most.

    The test of Simes (1986): the k-th smallest p-value is at most chance k / count, for some k. Of sixty coordinates
    that have nothing to say three are beyond two standard errors.
    """
    p = torch.special.erfc(z.abs() / math.sqrt(2.0)).sort().values[:count]
    return bool((p <= chance * torch.arange(1, len(p) + 1, dtype=p.dtype) / max(1, count)).any())


def loudest_by_chance(count: int, chance: float) -> float:
    """Standard errors that one of ``count`` coordinates needs to be more than chance, see ``more_than_chance``."""
    return float(-Normal(0.0, 1.0).icdf(torch.tensor(chance / (2 * max(1, count)), dtype=torch.float64)))
