"""psi in the user's units: the moments of every distribution, and what follows from them.

For the window, the report and the scenes, which have no torch; draws, steps and densities of the optimisation are
``core.distributions``. Standard library and numpy only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from .vocabulary import FAMILIES

#: One distribution: {"mean": [...], "std": [...]} by component for a continuous family (of a log-normal and a bounded
#: one, too, those of the quantity itself, before limits clip it), {"p": [...]} by item for a discrete one.
#: All of psi is ``Mapping[str, Moments]``, by the factor's key.
Moments = Mapping[str, Sequence[float]]

Number = TypeVar("Number", float, np.ndarray)


def moment_names(family: str) -> tuple[str, ...]:
    """The keys of a family's ``Moments``."""
    return ("mean", "std") if FAMILIES[family].continuous else ("p",)


def named(factors: Iterable[tuple[str, str, Sequence[str], Moments]]) -> dict[str, tuple[str, float]]:
    """(factor's key, plain number) of every coordinate of psi by its name, in their order.

    ``factors``: (key, family, items, moments) of each. A name is "Key.mean", "Key.mean[0]" where there are several
    components, "Key.p(item)" (of a coin only that of "on"); of equal names the later ones get a number.
    """
    found: dict[str, tuple[str, float]] = {}
    for key, family, items, moments in factors:
        for name, value in _named(family, items, moments):
            name = f"{key}.{name}"
            count = sum(each == name or each.startswith(f"{name} (") for each in found)
            found[f"{name} ({count + 1})" if count else name] = key, float(value)
    return found


def _named(family: str, items: Sequence[str], moments: Moments) -> list[tuple[str, float]]:
    if not FAMILIES[family].continuous:
        pairs = [(f"p({item})", p) for item, p in zip(items, moments["p"], strict=True)]
        return pairs[1:] if family == "bernoulli" else pairs
    return [(name + (f"[{index}]" if len(moments[name]) > 1 else ""), value)
            for name in moment_names(family) for index, value in enumerate(moments[name])]


# -- from the numbers one thinks in -----------------------------------------------------------------------------------

def normal(mean: float | Sequence[float], std: float | Sequence[float]) -> dict[str, list[float]]:
    """A normal; one number needs no list."""
    return {"mean": np.atleast_1d(mean).astype(float).tolist(), "std": np.atleast_1d(std).astype(float).tolist()}


def lognormal(log_mean: float, log_std: float) -> dict[str, list[float]]:
    """exp(N(log_mean, log_std^2)), whose mean is e^(m + s^2 / 2)."""
    mean = math.exp(log_mean + log_std ** 2 / 2)
    return {"mean": [mean], "std": [mean * lognormal_ratio(log_std)]}


def around(median: float, factor: float) -> dict[str, list[float]]:
    """A log-normal with this median whose standard deviation is a factor of ``factor`` either way."""
    return lognormal(math.log(median), math.log(factor))


def softmax(*logits: float) -> dict[str, list[float]]:
    """Probabilities in proportion to e^logit."""
    weights = np.exp(logits)
    return {"p": (weights / weights.sum()).tolist()}


# -- the families' own parameters -------------------------------------------------------------------------------------

def lognormal_ratio(log_std: float) -> float:
    """std / mean of a log-normal, from the standard deviation of log x."""
    return math.sqrt(math.expm1(log_std ** 2))


def lognormal_parameters(mean: Number, std: Number) -> tuple[Number, Number]:
    """(mean, variance) of log x, for a log-normal x with these moments."""
    variance = np.log1p((std / mean) ** 2)
    return np.log(mean) - variance / 2, variance


def lognormal_median(mean: Number, std: Number) -> Number:
    """The median of a log-normal with these moments."""
    return mean / np.sqrt(1 + (std / mean) ** 2)


def beta_concentration(mean: Any, std: Any) -> Any:
    """k of the Beta(m k, (1 - m) k) on [0, 1] with these moments; not above 0 where no such distribution has them.

    Of numbers, arrays or tensors.
    """
    return mean * (1 - mean) / std ** 2 - 1


def beta_std(mean: Number, concentration: Number) -> Number:
    """Standard deviation of the Beta(m k, (1 - m) k) on [0, 1]."""
    return np.sqrt(mean * (1 - mean) / (concentration + 1))


def density(family: str, x: np.ndarray, mean: float, std: float, low: float = -math.inf, high: float = math.inf
            ) -> np.ndarray:
    """p(x) per unit of x, in the shape of ``x``, of one component of a continuous family.

    0 outside the limits, and everywhere for moments that no member of the family has; not renormalised for clipping.
    """
    x = np.asarray(x, dtype=np.float64)
    inside = (x >= low) & (x <= high)
    if std <= 0:
        return np.zeros_like(x)
    if family == "lognormal":
        return _lognormal_density(x, mean, std) * inside
    if family == "bounded" and math.isfinite(high - low):
        return _beta_density((x - low) / (high - low), (mean - low) / (high - low), std / (high - low)) / (high - low)
    with np.errstate(over="ignore"):        # far from a very narrow one: exp(-inf) is the zero that is meant
        return np.exp(-((x - mean) / std) ** 2 / 2) / (std * math.sqrt(2 * math.pi)) * inside


def _lognormal_density(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    if mean <= 0:
        return np.zeros_like(x)
    log_mean, variance = lognormal_parameters(mean, std)
    logs = np.log(np.where(x > 0, x, 1.0))
    values = np.exp(-(logs - log_mean) ** 2 / (2 * variance) - logs) / math.sqrt(2 * math.pi * variance)
    return np.where(x > 0, values, 0.0)


def _beta_density(t: np.ndarray, mean: float, std: float) -> np.ndarray:
    """On [0, 1]; 0 at its ends, where it may be infinite."""
    k = beta_concentration(mean, std)
    if not 0 < mean < 1 or k <= 0:
        return np.zeros_like(t)
    a, b = mean * k, (1 - mean) * k
    inside = (t > 0) & (t < 1)
    t = np.where(inside, t, 0.5)
    logs = (a - 1) * np.log(t) + (b - 1) * np.log1p(-t) - (math.lgamma(a) + math.lgamma(b) - math.lgamma(k))
    return np.where(inside, np.exp(logs), 0.0)
