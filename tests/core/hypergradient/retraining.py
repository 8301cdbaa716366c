"""An estimate against finite differences of retraining: what both tasks' oracles hold it to."""

from __future__ import annotations

from collections.abc import Callable

import torch

from autosimulate_addon.core.hypergradient.estimate import Estimate
from autosimulate_addon.core.hypergradient.score_function import std
from autosimulate_addon.core.psi import Psi


def assert_derivative_of_retraining(found: Estimate, psi: Psi, validation_loss: Callable[[Psi], float],
                                    h: float) -> None:
    """``validation_loss``: of what is trained at a psi. ``h``: half of the differences, and the relative tolerance."""
    ascent = found.gradient * std(found.w, torch.full((len(found.w),), 1 / len(found.w), dtype=torch.float64))
    numeric = torch.zeros_like(ascent)
    for column in range(psi.size):
        u = torch.zeros_like(ascent)
        u[column] = h
        ahead, behind = (validation_loss(psi.step(side * u)) for side in (1, -1))
        numeric[column] = (ahead - behind) / (2 * h)
    assert numeric.abs().max() > 1e-3
    assert torch.allclose(ascent, -numeric, rtol=h, atol=h * numeric.abs().max().item())
