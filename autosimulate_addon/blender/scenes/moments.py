"""psi in plain units from the numbers one thinks in."""

from __future__ import annotations

import math
from collections.abc import Sequence


def lognormal(log_mean: float, log_std: float) -> dict[str, list[float]]:
    """Moments of exp(N(log_mean, log_std^2)): mean e^(m + s^2/2), std = mean sqrt(e^(s^2) - 1)."""
    mean = math.exp(log_mean + log_std ** 2 / 2.0)
    return {"mean": [mean], "std": [mean * math.sqrt(math.exp(log_std ** 2) - 1.0)]}


def around(median: float, factor: float) -> dict[str, list[float]]:
    """A log-normal with this median whose standard deviation is a factor of ``factor`` either way."""
    return lognormal(math.log(median), math.log(factor))


def normal(mean: float | Sequence[float], std: float | Sequence[float]) -> dict[str, list[float]]:
    as_list = [value if isinstance(value, (list, tuple)) else [value] for value in (mean, std)]
    return {"mean": [float(value) for value in as_list[0]], "std": [float(value) for value in as_list[1]]}


def softmax(*logits: float) -> dict[str, list[float]]:
    weights = [math.exp(logit) for logit in logits]
    return {"p": [weight / sum(weights) for weight in weights]}
