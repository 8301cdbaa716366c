"""Samples and modes of the families in numpy, and where their pictures look, for the window.

The optimiser's own distributions are on torch (``core.distributions``), which the window never imports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...protocol import CONTINUOUS, Moments
from ...protocol.moments import beta_concentration, lognormal_parameters


def sample(rng: np.random.Generator, family: str, parameters: Moments, count: int, low=None, high=None) -> np.ndarray:
    """One draw as in ``protocol.Draw``: (count, size) values, or (count, 1) positions in the items.

    Args:
        parameters: moments that the family can have.
        low, high: limits per component, or None.
    """
    if family not in CONTINUOUS:
        p = np.asarray(parameters["p"], dtype=np.float64)
        return rng.choice(len(p), size=(count, 1), p=p / p.sum())
    mean, std = (np.asarray(parameters[name], dtype=np.float64) for name in ("mean", "std"))
    columns = []
    for i in range(len(mean)):
        m, s = float(mean[i]), float(std[i])
        if family == "bounded":
            width = float(high[i]) - float(low[i])
            share = (m - float(low[i])) / width
            k = max(beta_concentration(share, s / width), 1e-3)     # which rounding may make 0
            column = low[i] + width * rng.beta(share * k, (1 - share) * k, count)
        elif family == "lognormal":
            log_mean, variance = lognormal_parameters(m, s)
            column = rng.lognormal(log_mean, math.sqrt(variance), count)
        else:
            column = rng.normal(m, s, count)
        columns.append(column)
    values = np.stack(columns, axis=1)
    return np.clip(values, -np.inf if low is None else low, np.inf if high is None else high)


def middle(family: str, parameters: Moments, count: int) -> np.ndarray:
    """The mean of a continuous distribution, the most probable item of a discrete one; shapes as ``sample``."""
    if family in CONTINUOUS:
        return np.tile(np.asarray(parameters["mean"], dtype=np.float64), (count, 1))
    return np.full((count, 1), int(np.argmax(parameters["p"])), dtype=np.int64)


def extent(family: str, parameters: Sequence[Moments], component: int = 0, low=None, high=None) -> tuple[float, float]:
    """The interval a picture of several distributions of one family should show."""
    lows, highs = [], []
    for values in parameters:
        mean, std = float(values["mean"][component]), float(values["std"][component])
        lows.append(mean - 3 * std)
        highs.append(mean + 3 * std)
    left, right = min(lows), max(highs)
    if family == "lognormal":
        left = max(left, 0.0)
    if low is not None and np.isfinite(low[component]):
        left = max(left, float(low[component]))
    if high is not None and np.isfinite(high[component]):
        right = min(right, float(high[component]))
    if not right > left:
        left, right = left - 0.5, left + 0.5
    return left, right
