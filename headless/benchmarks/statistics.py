"""Medians with intervals, wins, and the share of a gap that was closed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

RESAMPLES = 4000


def median_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float, float]:
    """(median, low, high): a percentile bootstrap interval of the median. NaN where there are no values."""
    numbers = np.array([value for value in values if not math.isnan(value)])
    if len(numbers) == 0:
        return (math.nan,) * 3
    draws = np.random.default_rng(0).choice(numbers, (RESAMPLES, len(numbers)))
    low, high = np.quantile(np.median(draws, 1), [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(numbers)), float(low), float(high)


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """The values of the seeds that both have, in the same order."""
    both = sorted(set(first) & set(second))
    return np.array([first[seed] for seed in both]), np.array([second[seed] for seed in both])


def wins(first: Mapping[int, float], second: Mapping[int, float], lower_is_better: bool = False) -> tuple[int, int]:
    """(seeds in which ``first`` is better, seeds that both have)."""
    a, b = paired(first, second)
    return int((a < b if lower_is_better else a > b).sum()), len(a)


def gap_closed(arm: Mapping[int, float], start: Mapping[int, float], ceiling: Mapping[int, float]
               ) -> tuple[float, float, float]:
    """(share, low, high) of the gap between ``start`` and ``ceiling`` (losses) that ``arm`` closes.

    A ratio of means over the seeds that all three have, with a bootstrap interval over these seeds: a ratio per seed
    would be ruled by the seeds whose gap happens to be near zero.
    """
    both = sorted(set(arm) & set(start) & set(ceiling))
    if not both:
        return (math.nan,) * 3
    values = np.array([[start[s] - arm[s], start[s] - ceiling[s]] for s in both])
    draws = np.random.default_rng(0).integers(0, len(both), (RESAMPLES, len(both)))
    sums = values[draws].sum(1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return float(values[:, 0].sum() / values[:, 1].sum()), float(low), float(high)
