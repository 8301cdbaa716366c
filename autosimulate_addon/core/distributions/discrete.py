"""Categorical (also for integers) and Bernoulli."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Distribution
from torch.nn.functional import logsigmoid, one_hot

from ...protocol import Factor, InputError
from .bounds import Bounds
from .family import Family

#: The least probability that phi can hold: what the user writes as 0.
LEAST = 1e-9


class CategoricalFamily(Family):
    """phi = log p up to a constant, (n,). Fisher information of one value: diag(p) - p p^T, of rank n - 1.

    The whitened score of one value is (onehot - p) / sqrt p, and phi moves by u / sqrt p. Both are orthogonal to
    sqrt p, the direction in which nothing changes, so the Fisher information is the identity but for it.

    Where items have something in common (``Factor.shared``: three rooms, each seen from near and from far) u is turned:
    its first directions are the groups, one less than there are of a kind, the last what is left of single items. A
    group comes in many draws and each of its items in few, and what is shrunk, or heard, by its noise is a direction.
    """

    def __init__(self, factor: Factor, bounds: Bounds):
        super().__init__(factor, bounds)
        if len(factor.items) < 2:
            raise InputError(f"'{factor.key}' needs at least two items to choose from.")
        if factor.size != 1:
            raise InputError(f"'{factor.key}' is {factor.family}: each of its values must have size 1.")
        self.columns = independent(factor.shared, len(factor.items)) if factor.shared else None

    @property
    def coordinates(self) -> tuple[str, ...]:
        return tuple(f"p({item})" for item in self.factor.items)

    @property
    def is_scale(self) -> tuple[bool, ...]:
        return (False,) * len(self.coordinates)

    def probabilities(self, plain: Mapping[str, object]) -> Tensor:
        p = self.numbers(plain, "p", len(self.factor.items))
        if (p < 0).any() or abs(p.sum() - 1) > 1e-3:
            raise InputError(f"p of '{self.factor.key}' must be probabilities: not negative, and 1 in all.")
        positive = torch.from_numpy(p).clamp(min=LEAST)
        return positive / positive.sum()

    def to_phi(self, plain: Mapping[str, object]) -> Tensor:
        return self.probabilities(plain).log()

    def to_plain(self, phi: Tensor) -> dict[str, list[float]]:
        return {"p": phi.softmax(0).tolist()}

    def distribution(self, phi: Tensor) -> Distribution:
        return Categorical(logits=phi, validate_args=False)

    def sample(self, phi: Tensor, n: int) -> Tensor:
        return self.distribution(phi.expand(n, -1)).sample((self.factor.count,)).T[..., None]

    def log_prob(self, phi: Tensor, draws: Tensor) -> Tensor:
        chosen = draws[..., 0].long()
        return torch.where(chosen >= 0, phi.log_softmax(0)[chosen.clamp(min=0)], 0.)

    def score(self, phi: Tensor, draws: Tensor) -> Tensor:
        p, chosen = phi.softmax(0), draws[..., 0].long()
        score = (one_hot(chosen.clamp(min=0), len(p)) - p) / p.sqrt()
        if (directions := self.directions(phi)) is not None:
            score = score @ directions
            score[..., 0] = 0.      # but for rounding, as the first direction is sqrt p
        return torch.where(chosen[..., None] >= 0, score, 0.) / math.sqrt(self.factor.count)

    def directions(self, phi: Tensor) -> Tensor | None:
        if self.columns is None:
            return None
        q, triangle = torch.linalg.qr(phi.softmax(0).sqrt()[:, None] * self.columns)
        return q * triangle.diagonal().sign()       # else which way is up would hang on rounding

    def rest(self) -> Tensor:
        if self.columns is None:
            return super().rest()
        return self.columns.sum(0) == 1

    def move(self, phi: Tensor, u: Tensor) -> Tensor:
        if (directions := self.directions(phi)) is not None:
            u = u @ directions.T
        return (phi + u / phi.softmax(0).sqrt() / math.sqrt(self.factor.count)).log_softmax(-1)

    def clamp(self, phi: Tensor) -> Tensor:
        """Those below the floor go to it, the others give way in proportion."""
        p, floor = phi.softmax(0), self.bounds.probability_floor(len(phi))
        low = torch.zeros_like(p, dtype=torch.bool)
        for _ in range(len(p)):
            free = p.masked_fill(low, 0.)
            clamped = torch.where(low, floor, free * (1 - floor * low.sum()) / free.sum())
            if not bool((clamped < floor).any()):
                break
            low = low | (clamped < floor)
        return clamped.log()


def independent(shared: Sequence[Sequence[int]], count: int) -> Tensor:
    """(count, count) float64 of rank ``count``: all items, the members of one group after the other, single items; of
    those that the ones before them span, none."""
    candidates = [torch.ones(count, dtype=torch.float64)]
    for groups in shared:
        numbers = torch.tensor(groups)
        candidates += [(numbers == number).double() for number in numbers.unique()]
    candidates += list(torch.eye(count, dtype=torch.float64))
    columns, spanned = [], torch.zeros(count, 0, dtype=torch.float64)
    for candidate in candidates:
        left = candidate - spanned @ (spanned.T @ candidate)
        if left.norm() > 1e-6 * candidate.norm():
            columns.append(candidate)
            spanned = torch.cat([spanned, (left / left.norm())[:, None]], 1)
    return torch.stack(columns, 1)


class BernoulliFamily(CategoricalFamily):
    """The second of two items has probability p. phi = logit p, (1,). Fisher information of one value: p (1 - p)."""

    def __init__(self, factor: Factor, bounds: Bounds):
        super().__init__(factor, bounds)
        if len(factor.items) != 2:
            raise InputError(f"'{factor.key}' is bernoulli: it needs exactly two items, not {len(factor.items)}.")

    @property
    def coordinates(self) -> tuple[str, ...]:
        return (f"p({self.factor.items[1]})",)

    def to_phi(self, plain: Mapping[str, object]) -> Tensor:
        return self.probabilities(plain)[1:].logit()

    def to_plain(self, phi: Tensor) -> dict[str, list[float]]:
        return {"p": torch.cat([-phi, phi]).sigmoid().tolist()}

    def distribution(self, phi: Tensor) -> Distribution:
        return Bernoulli(logits=phi, validate_args=False)

    def sample(self, phi: Tensor, n: int) -> Tensor:
        return self.distribution(phi.expand(n, -1)[:, None].expand(-1, self.factor.count, -1)).sample().long()

    def log_prob(self, phi: Tensor, draws: Tensor) -> Tensor:
        on = draws[..., 0].long()
        return torch.where(on >= 0, logsigmoid(torch.where(on > 0, phi, -phi)), 0.)

    def score(self, phi: Tensor, draws: Tensor) -> Tensor:
        p, on = phi.sigmoid(), draws.long()
        return torch.where(on >= 0, (on - p) / (p * (1 - p)).sqrt(), 0.) / math.sqrt(self.factor.count)

    def move(self, phi: Tensor, u: Tensor) -> Tensor:
        p = phi.sigmoid()
        return phi + u / (p * (1 - p)).sqrt() / math.sqrt(self.factor.count)

    def clamp(self, phi: Tensor) -> Tensor:
        limit = math.log(1 / self.bounds.probability_floor(2) - 1)
        return phi.clamp(-limit, limit)
