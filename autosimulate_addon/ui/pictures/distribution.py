"""Densities, samples and modes of the families in numpy, for pictures and for single draws in the window.

The optimiser's own distributions are on torch (``core.distributions``), which the window never imports. Moments are
in plain units, as in ``protocol.factor.Factor.start``. Standard library and numpy only.
"""

from __future__ import annotations

import math

import numpy as np

from ...protocol import CONTINUOUS


def _lognormal(mean: float, std: float) -> tuple[float, float]:
    """(mu, sigma) of log x for a log-normal x with the given moments."""
    variance = math.log1p((std / mean) ** 2)
    return math.log(mean) - variance / 2, math.sqrt(variance)


def _beta(mean: float, std: float, low: float, high: float) -> tuple[float, float]:
    """(a, b) of the Beta distribution whose scaled version on [low, high] has the given moments."""
    width = high - low
    m = min(max((mean - low) / width, 1e-6), 1 - 1e-6)
    v = min((std / width) ** 2, m * (1 - m) * 0.999)
    total = m * (1 - m) / max(v, 1e-12) - 1
    return m * total, (1 - m) * total


def density(family: str, x: np.ndarray, mean: float, std: float, low: float | None = None,
            high: float | None = None) -> np.ndarray:
    """Probability density at ``x`` (any shape), zero outside the limits, not renormalised for clipping."""
    x = np.asarray(x, dtype=np.float64)
    std = max(std, 1e-12)
    if family == "bounded":
        a, b = _beta(mean, std, low, high)
        t = np.clip((x - low) / (high - low), 1e-9, 1 - 1e-9)
        log_norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        values = np.exp(log_norm + (a - 1) * np.log(t) + (b - 1) * np.log1p(-t)) / (high - low)
    elif family == "lognormal":
        mu, sigma = _lognormal(max(mean, 1e-12), std)
        log_x = np.log(np.maximum(x, 1e-300))
        values = np.exp(-0.5 * ((log_x - mu) / sigma) ** 2) / (np.maximum(x, 1e-300) * sigma * math.sqrt(2 * math.pi))
        values = np.where(x > 0, values, 0.0)
    else:
        values = np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))
    inside = np.ones_like(x, dtype=bool)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high
    return np.where(inside, values, 0.0)


def sample(rng: np.random.Generator, family: str, parameters: dict, count: int, low=None, high=None) -> np.ndarray:
    """One draw as in ``protocol.Draw``: (count, size) values, or (count, 1) positions in the items.

    Args:
        parameters: plain psi, {"mean": [..], "std": [..]} or {"p": [..]}.
        low, high: limits per component, or None.
    """
    if family not in CONTINUOUS:
        p = np.asarray(parameters["p"], dtype=np.float64)
        return rng.choice(len(p), size=(count, 1), p=p / p.sum())
    mean, std = (np.asarray(parameters[name], dtype=np.float64) for name in ("mean", "std"))
    columns = []
    for i in range(len(mean)):
        m, s = float(mean[i]), max(float(std[i]), 1e-12)
        if family == "bounded":
            a, b = _beta(m, s, float(low[i]), float(high[i]))
            column = low[i] + (high[i] - low[i]) * rng.beta(a, b, count)
        elif family == "lognormal":
            column = rng.lognormal(*_lognormal(max(m, 1e-12), s), count)
        else:
            column = rng.normal(m, s, count)
        columns.append(column)
    values = np.stack(columns, axis=1)
    return np.clip(values, -np.inf if low is None else low, np.inf if high is None else high)


def middle(family: str, parameters: dict, count: int) -> np.ndarray:
    """The mean of a continuous distribution, the most probable item of a discrete one; shapes as ``sample``."""
    if family in CONTINUOUS:
        return np.tile(np.asarray(parameters["mean"], dtype=np.float64), (count, 1))
    return np.full((count, 1), int(np.argmax(parameters["p"])), dtype=np.int64)


def extent(family: str, parameters: list[dict], component: int = 0, low=None, high=None) -> tuple[float, float]:
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
