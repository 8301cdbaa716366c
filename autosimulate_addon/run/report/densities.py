"""Densities of the continuous families from mean and standard deviation in plain units."""

from __future__ import annotations

import math

import numpy as np


def density(family: str, mean: float, std: float, low: float, high: float, x: np.ndarray) -> np.ndarray:
    """p(x) per unit of x, same shape as ``x``; zeros where the moments belong to no member of the family.

    Log-normal and Beta by the method of moments: mean and std are those of the distribution itself.
    """
    if std <= 0:
        return np.zeros_like(x)
    if family == "lognormal":
        if mean <= 0:
            return np.zeros_like(x)
        variance = math.log1p((std / mean) ** 2)
        centre = math.log(mean) - variance / 2
        inside = x > 0
        logs = np.log(np.where(inside, x, 1.0))
        values = np.exp(-(logs - centre) ** 2 / (2 * variance) - logs) / math.sqrt(2 * math.pi * variance)
        return np.where(inside, values, 0.0)
    if family == "bounded" and math.isfinite(low) and math.isfinite(high) and low < high:
        width = high - low
        m, v = (mean - low) / width, (std / width) ** 2
        if not 0 < m < 1 or not 0 < v < m * (1 - m):
            return np.zeros_like(x)
        total = m * (1 - m) / v - 1
        a, b = m * total, (1 - m) * total
        t = (x - low) / width
        inside = (t > 0) & (t < 1)
        t = np.where(inside, t, 0.5)
        logs = (a - 1) * np.log(t) + (b - 1) * np.log1p(-t) \
            - (math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)) - math.log(width)
        return np.where(inside, np.exp(logs), 0.0)
    with np.errstate(over="ignore"):        # far from a very narrow one: exp(-inf) is the zero that is meant
        return np.exp(-((x - mean) / std) ** 2 / 2) / (std * math.sqrt(2 * math.pi))


#: Log-normals with a larger standard deviation, in means, are a spike with an endless tail on a linear axis.
WIDE = 0.8


def on_log_axis(family: str, moments: tuple[tuple[float, float], ...]) -> bool:
    """Whether these (mean, std) are better seen over the logarithm of the quantity."""
    return family == "lognormal" and all(mean > 0 for mean, _ in moments) and any(
        std > WIDE * mean for mean, std in moments)


def plotting_range(family: str, moments: tuple[tuple[float, float], ...], low: float, high: float
                   ) -> tuple[float, float]:
    """Where there is something to see of all ``moments`` (mean, std): three standard deviations, inside the limits.

    A log-normal's are those of its logarithm; a bounded one shows its whole interval.
    """
    if family == "bounded" and math.isfinite(low) and math.isfinite(high):
        return low, high
    if family == "lognormal" and all(mean > 0 for mean, _ in moments):
        ends = []
        for mean, std in moments:
            variance = math.log1p((std / mean) ** 2)
            ends.append((math.log(mean) - variance / 2, 3 * math.sqrt(variance)))
        least, most = (math.exp(min(c - s for c, s in ends)), math.exp(max(c + s for c, s in ends)))
    else:
        least = min(mean - 3 * std for mean, std in moments)
        most = max(mean + 3 * std for mean, std in moments)
    least, most = max(least, low), min(most, high)
    if not least < most:
        centre = moments[0][0]
        least, most = centre - max(abs(centre), 1) * 0.1, centre + max(abs(centre), 1) * 0.1
    return least, most
