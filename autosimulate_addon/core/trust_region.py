"""How far one step of psi may go."""

from __future__ import annotations

import math

from torch import Tensor

from .psi import Psi


def trust_region(psi: Psi, u: Tensor, kl: float) -> Psi:
    """psi moved by u (P,), shortened until KL(new || old) <= ``kl`` nats.

    In whitened coordinates KL is u.u / 2 to second order; what that misses is halved away.
    """
    u = u * min(1.0, math.sqrt(2.0 * kl) / max(u.norm().item(), 1e-12))
    for _ in range(20):
        new = psi.step(u)
        if new.kl(psi) <= 1.5 * kl:
            return new
        u = 0.7 * u
    return psi
