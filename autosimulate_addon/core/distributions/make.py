"""From a factor to its family and its torch distribution."""

from __future__ import annotations

from torch import Tensor
from torch.distributions import Distribution

from ...protocol import Factor, InputError
from .bounded import BoundedFamily
from .bounds import DEFAULT_BOUNDS, Bounds
from .discrete import BernoulliFamily, CategoricalFamily
from .family import Family
from .normal import LogNormalFamily, NormalFamily

FAMILIES: dict[str, type[Family]] = {
    "normal": NormalFamily,
    "lognormal": LogNormalFamily,
    "bounded": BoundedFamily,
    "integer": CategoricalFamily,
    "categorical": CategoricalFamily,
    "bernoulli": BernoulliFamily,
}


def family_of(factor: Factor, bounds: Bounds = DEFAULT_BOUNDS) -> Family:
    """The factor's family; raises InputError when the factor is not one."""
    if factor.family not in FAMILIES:
        raise InputError(f"'{factor.key}' has the unknown family '{factor.family}': use one of {', '.join(FAMILIES)}.")
    if factor.count < 1 or factor.size < 1:
        raise InputError(f"'{factor.key}' must have at least one value of at least one component.")
    return FAMILIES[factor.family](factor, bounds)


def make(factor: Factor, phi: Tensor) -> Distribution:
    """The torch distribution of one value, from phi (..., P): see ``Family.distribution``."""
    return family_of(factor).distribution(phi)
