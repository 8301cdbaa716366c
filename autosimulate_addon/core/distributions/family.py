"""What the optimiser asks of a family of distributions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from ...protocol import Factor, InputError
from .bounds import Bounds


class Family(ABC):
    """One factor's family: ``count`` independent values of ``size`` components that share the parameters phi.

    phi (P,) are unconstrained numbers; u (P,) are *whitened* coordinates around phi, in which the Fisher information
    of the whole draw (all ``count`` values) is the identity: phi(u) = phi + L^-T u with F = L L^T. In them the plain
    gradient is the natural one, and KL(phi(u) || phi) is u.u / 2 to second order.

    A value that did not reach the image may be marked absent in a draw (NaN, or -1 for discrete families): it is
    integrated out, that is, adds nothing to log q and to the score.
    """

    def __init__(self, factor: Factor, bounds: Bounds):
        self.factor = factor
        self.bounds = bounds

    @property
    @abstractmethod
    def coordinates(self) -> tuple[str, ...]:
        """The name of each of the P coordinates: "mean", "std" or the item's label."""

    @property
    @abstractmethod
    def is_scale(self) -> tuple[bool, ...]:
        """For each of the P coordinates, whether it is a standard deviation or the like."""

    @abstractmethod
    def to_phi(self, plain: Mapping[str, object]) -> Tensor:
        """(P,) float64 from plain units; raises InputError for numbers that are no such distribution."""

    @abstractmethod
    def to_plain(self, phi: Tensor) -> dict[str, list[float]]:
        """{"mean": [..], "std": [..]} or {"p": [..]}."""

    @abstractmethod
    def distribution(self, phi: Tensor) -> Distribution:
        """Of one value, batch shape (..., size) (continuous) or (...) (discrete), from phi (..., P).

        For families with limits: before clipping. (Torch's own checks are off: phi was checked, and they cost more
        than the arithmetic.)
        """

    @abstractmethod
    def sample(self, phi: Tensor, n: int) -> Tensor:
        """(n, count, size) draws from phi (P,) or (n, P), differentiable in phi where the family is continuous."""

    @abstractmethod
    def log_prob(self, phi: Tensor, draws: Tensor) -> Tensor:
        """(K, count) log density of each value, from draws (K, count, size); 0 where a value is absent."""

    @abstractmethod
    def score(self, phi: Tensor, draws: Tensor) -> Tensor:
        """(K, count, P): d log q / d u of each value at u = 0. Their sum over values is the draw's whitened score."""

    @abstractmethod
    def move(self, phi: Tensor, u: Tensor) -> Tensor:
        """phi + L^-T u; phi (P,), u (..., P). Differentiable in u."""

    @abstractmethod
    def clamp(self, phi: Tensor) -> Tensor:
        """The nearest phi that keeps to the limits and to ``bounds``."""

    def directions(self, phi: Tensor) -> Tensor | None:
        """(P, P): in its columns the directions of u, orthonormal, by the coordinates that have names; None where each
        direction is a coordinate."""
        return None

    def rest(self) -> Tensor:
        """(P,) bool: the directions that are left when what items have in common is told; none where no direction is
        such a group."""
        return torch.zeros(len(self.coordinates), dtype=torch.bool)

    def kl(self, phi: Tensor, other: Tensor) -> Tensor:
        """KL(phi || other) of the whole draw; with limits: before clipping, which can only lower it."""
        return self.factor.count * kl_divergence(self.distribution(phi), self.distribution(other)).sum()

    def numbers(self, plain: Mapping[str, object], name: str, length: int) -> np.ndarray:
        """The (length,) finite numbers ``plain[name]``."""
        try:
            values = np.atleast_1d(np.asarray(plain[name], dtype=np.float64))
        except KeyError:
            raise InputError(f"'{self.factor.key}' has no {name}: give {length} number(s).") from None
        except (TypeError, ValueError):
            raise InputError(f"{name} of '{self.factor.key}' is not made of numbers: give {length}.") from None
        if values.shape == (1,) and length > 1 and name != "p":
            values = np.repeat(values, length)
        if values.shape != (length,):
            raise InputError(f"{name} of '{self.factor.key}' has {values.size} number(s): give {length}.")
        if not np.isfinite(values).all():
            raise InputError(f"{name} of '{self.factor.key}' is not finite: give ordinary numbers.")
        return values

    def moments(self, plain: Mapping[str, object]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation, each (size,)."""
        mean, std = (self.numbers(plain, name, self.factor.size) for name in ("mean", "std"))
        if not (std > 0).all():
            raise InputError(f"std of '{self.factor.key}' must be above 0.")
        return mean, std
