"""psi: the parameters of q_psi, the product of all factors' distributions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..protocol import AutoSimulateError, Draw, Factor, InputError, SampleKey
from ..protocol.moments import named
from .distributions import DEFAULT_BOUNDS, Bounds, Family, family_of
from .randomness import derive_seed, seed_of, torch_seed

#: Draws of K samples: for every factor an array or tensor (K, count, size).
Draws = Mapping[str, "np.ndarray | Tensor"]


class Psi:
    """Immutable. Holds phi (P,) float64, the unconstrained parameters of every factor's family, one after the other.

    All steps and scores are in *whitened* coordinates u (P,) (see ``distributions.Family``): the Fisher information
    there is the identity (for a categorical: but for the one direction that changes nothing), so a plain gradient is
    the natural gradient, and steps do not depend on units.
    """

    def __init__(self, families: Sequence[Family], phi: Tensor):
        self.families = tuple(families)
        self.factors: tuple[Factor, ...] = tuple(family.factor for family in families)
        self.phi = phi.detach().to("cpu", torch.float64)
        self.slices: dict[str, slice] = {}
        end = 0
        for family in self.families:
            start, end = end, end + len(family.coordinates)
            self.slices[family.factor.key] = slice(start, end)
        if self.phi.shape != (end,):
            raise ValueError(f"phi has the shape {tuple(self.phi.shape)}, these factors need ({end},)")
        if not bool(self.phi.isfinite().all()):
            raise AutoSimulateError("psi is no longer finite: restart from the last good psi with smaller steps.")

    # -- from and to plain numbers ---------------------------------------------------------------------------------

    @classmethod
    def from_factors(cls, factors: Sequence[Factor], bounds: Bounds = DEFAULT_BOUNDS) -> Psi:
        """psi at every factor's start, moved inside the bounds. Raises InputError for a start that is none."""
        psi = cls.from_plain(factors, {factor.key: factor.start for factor in factors}, bounds)
        return psi._clamped(psi.phi)

    @classmethod
    def from_plain(cls, factors: Sequence[Factor], plain: Mapping[str, Mapping[str, Any]],
                   bounds: Bounds = DEFAULT_BOUNDS) -> Psi:
        """psi with the plain numbers of every factor (those of unknown keys are ignored), not moved by the bounds.

        The bounds on spreads are relative to the factor's own start, or to ``plain`` where it has none.
        """
        keys = [factor.key for factor in factors]
        if len(set(keys)) < len(keys):
            raise InputError(f"Two factors are called '{max(keys, key=keys.count)}': names must be unique.")
        for factor in factors:
            if factor.key not in plain:
                raise InputError(f"psi has no numbers for '{factor.key}'.")
        families = [family_of(factor if factor.start else replace(factor, start=plain[factor.key]), bounds)
                    for factor in factors]
        return cls(families, torch.cat([torch.zeros(0, dtype=torch.float64)] + [
            family.to_phi(plain[family.factor.key]) for family in families]))

    def plain(self) -> dict[str, dict[str, list[float]]]:
        """For every factor {"mean": [..], "std": [..]} or {"p": [..]}, in plain units."""
        return {family.factor.key: family.to_plain(self.phi_of(family.factor.key)) for family in self.families}

    def with_phi(self, phi: Tensor) -> Psi:
        """The same factors at another phi (P,)."""
        return Psi(self.families, phi)

    def phi_of(self, key: str) -> Tensor:
        """phi of one factor."""
        return self.phi[self.slices[key]]

    # -- what the coordinates are ----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """P, the number of coordinates."""
        return len(self.phi)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """A name for each of the P coordinates."""
        return tuple(f"{family.factor.key}.{name}" for family in self.families for name in family.coordinates)

    def named(self) -> dict[str, tuple[str, float]]:
        """The P coordinates by names that are told apart: their factors' keys, and plain numbers.

        See ``moments.named``. Where a coordinate of a choice changes, the other probabilities do too.
        """
        plain = self.plain()
        return named((each.key, each.family, each.items, plain[each.key]) for each in self.factors)

    def by_name(self, u: Tensor, variances: bool = False) -> Tensor:
        """(P,) by the coordinates that ``named`` names, from one by directions of u (see ``Family.directions``).

        ``variances``: of independent directions.
        """
        parts = []
        for family in self.families:
            key = family.factor.key
            directions, own = family.directions(self.phi_of(key)), u[self.slices[key]]
            if directions is not None:
                own = (directions.square() if variances else directions).to(own) @ own
            parts.append(own)
        return torch.cat([u[:0], *parts])

    @property
    def rests(self) -> tuple[Tensor, ...]:
        """(P,) bool for each factor whose items have something in common: its directions of single items."""
        found = []
        for family in self.families:
            rest = torch.zeros(self.size, dtype=torch.bool)
            rest[self.slices[family.factor.key]] = family.rest()
            found += [rest] if bool(rest.any()) else []
        return tuple(found)

    @property
    def is_scale(self) -> Tensor:
        """(P,) bool: whether a coordinate is a scale, such as a standard deviation."""
        return torch.tensor([flag for family in self.families for flag in family.is_scale], dtype=torch.bool)

    @property
    def locked(self) -> Tensor:
        """(P,) bool: whether a coordinate does not move."""
        return torch.tensor([family.factor.locked for family in self.families for _ in family.coordinates],
                            dtype=torch.bool)

    # -- draws -----------------------------------------------------------------------------------------------------

    def sample(self, key: SampleKey) -> Draw:
        """One draw s. The same key gives the same underlying random numbers for any psi, in any order."""
        draw = {}
        for family in self.families:
            with torch_seed(seed_of(key, family.factor.key)):
                draw[family.factor.key] = family.sample(self.phi_of(family.factor.key), 1)[0].numpy()
        return draw

    def resample(self, keys: Iterable[str], n: int, seed: int) -> Resampled:
        """n new draws of some factors, (n, count, size) each, differentiable in psi where the family is continuous.

        For relighting and other factors that need no new render. ``seed``: ``randomness.seed_of(key, purpose)``.
        """
        u = torch.zeros(n, self.size, dtype=torch.float64, requires_grad=True)
        free = torch.where(self.locked, 0., u)
        keys, draws = frozenset(keys), {}
        for family in self.families:
            key = family.factor.key
            if key in keys:
                with torch_seed(derive_seed(seed, key)):
                    draws[key] = family.sample(family.move(self.phi_of(key), free[:, self.slices[key]]), n)
        return Resampled(draws, u)

    # -- q_psi -----------------------------------------------------------------------------------------------------

    def log_q(self, draws: Draws | Sequence[Draw], keys: Iterable[str] | None = None) -> Tensor:
        """(K,) log q_psi of each draw, over the factors ``keys`` (default: all)."""
        draws = stack(draws)
        keys = frozenset(self.slices if keys is None else keys)
        chosen = [family for family in self.families if family.factor.key in keys]
        terms = [family.log_prob(self.phi_of(family.factor.key), _tensor(draws[family.factor.key])).sum(1)
                 for family in chosen]
        # One after the other: how a sum over a stack rounds depends on the number of draws.
        return reduce(torch.add, terms) if terms else torch.zeros(_count(draws), dtype=torch.float64)

    def score(self, draws: Draws | Sequence[Draw], keys: Iterable[str] | None = None) -> Tensor:
        """(K, P): d log q / d u at u = 0. Columns of locked factors, and of those not in ``keys``, are 0."""
        draws = stack(draws)
        keys = frozenset(self.slices if keys is None else keys)
        score = torch.zeros(_count(draws), self.size, dtype=torch.float64)
        for family in self.families:
            key = family.factor.key
            if key in keys and not family.factor.locked:
                score[:, self.slices[key]] = family.score(self.phi_of(key), _tensor(draws[key])).sum(1)
        return score

    def score_of_values(self, key: str, draws: Draws | Sequence[Draw]) -> Tensor:
        """(K, count, P_key): the whitened score of each value of one factor; their sum is its part of ``score``.

        For credit per object: each value's score goes with the w of the object that it belongs to.
        """
        family = self.families[list(self.slices).index(key)]
        values = family.score(self.phi_of(key), _tensor(stack(draws)[key]))
        return torch.zeros_like(values) if family.factor.locked else values

    # -- moving ----------------------------------------------------------------------------------------------------

    def step(self, u: Tensor) -> Psi:
        """psi moved by u (P,) in whitened coordinates, then back inside the bounds. Locked factors stay.

        KL(new || old) is u.u / 2 to second order, where no bound is met.
        """
        u = torch.where(self.locked, 0., u.detach().to("cpu", torch.float64))
        return self._clamped(torch.cat([self.phi[:0]] + [
            family.move(self.phi_of(family.factor.key), u[self.slices[family.factor.key]])
            for family in self.families]))

    def _clamped(self, phi: Tensor) -> Psi:
        """At phi, every factor that may move inside its bounds."""
        return self.with_phi(torch.cat([self.phi[:0]] + [
            self.phi_of(family.factor.key) if family.factor.locked
            else family.clamp(phi[self.slices[family.factor.key]])
            for family in self.families]))

    def kl(self, other: Psi) -> float:
        """KL(self || other), in nats; of the draws before clipping to limits, which can only lower it."""
        return float(sum(family.kl(self.phi_of(key), other.phi_of(key))
                         for key, family in zip(self.slices, self.families, strict=True)))

    @staticmethod
    def average(psis: Sequence[Psi]) -> Psi:
        """The mean in phi: geometric for spreads, concentrations, odds and log-normal medians."""
        return psis[-1]._clamped(torch.stack([psi.phi for psi in psis]).mean(0))

    def __repr__(self) -> str:
        text = [f"{key}: " + " ".join(f"{name} " + ", ".join(f"{value:.4g}" for value in values)
                                      for name, values in plain.items()) for key, plain in self.plain().items()]
        return f"Psi({'; '.join(text)})"


class Resampled(dict):
    """Draws by factor key, (n, count, size) each, on the graph of the whitened displacement ``u`` (n, P)."""

    def __init__(self, draws: Mapping[str, Tensor], u: Tensor):
        super().__init__(draws)
        self.u = u

    def leaves(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> dict[str, Tensor]:
        """The same draws cut off from psi; the continuous ones ask for gradients, to be given to ``pathwise``."""
        return {key: draw.detach().to(device, dtype).requires_grad_() if draw.is_floating_point()
                else draw.detach().to(device) for key, draw in self.items()}

    def pathwise(self, gradients: Mapping[str, Tensor | None]) -> Tensor:
        """(n, P): d f / d u of each of the n samples, from d f / d s (n, count, size) by factor key.

        The pathwise (reparametrisation) gradient, in the same coordinates as ``Psi.score`` and ``Psi.step``.
        """
        pairs = [(draw, gradient.detach().to("cpu", draw.dtype)) for key, draw in self.items()
                 if (gradient := gradients.get(key)) is not None and draw.requires_grad]
        if not pairs:
            return torch.zeros_like(self.u)
        outputs, upstream = zip(*pairs, strict=True)
        return torch.autograd.grad(outputs, self.u, upstream, retain_graph=True)[0]


def stack(draws: Draws | Sequence[Draw]) -> Draws:
    """Single draws put together: by factor key (K, count, size). Stacked ones are returned as they are."""
    if isinstance(draws, Mapping):
        return draws
    return {key: np.stack([draw[key] for draw in draws]) for key in draws[0]} if draws else {}


def _tensor(values: np.ndarray | Tensor) -> Tensor:
    values = torch.as_tensor(values).detach().cpu()
    return values.to(torch.float64) if values.is_floating_point() else values


def _count(draws: Draws) -> int:
    return len(next(iter(draws.values()))) if draws else 0
