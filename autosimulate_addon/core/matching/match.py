"""psi moved until the renders' statistics are those of the photographs, as far as the renders so far can tell.

D(psi) = sum of MMD^2 under the importance weights w_i of the renders to psi. By the score function
dD/dpsi = sum_i w_i (D'_i - sum_j w_j D'_j) grad log q_psi(s_i), with D' the derivative of D by the weights: no render
and no training is needed for any number of small steps. They are natural-gradient steps of a fixed length, in
coordinates whose derivative stands out of its own noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...protocol.numbers import NO_GAIN, NOTHING_HEARD, OUT_OF_REACH, STEPS, Move, Unheard
from ..psi import Psi
from .mmd import Distance
from .significance import as_normal, loudest_by_chance, more_than_chance

#: See ``needed``. What is said to be needed ends at so many times what is there.
MOST_ALONE, MOST_TIMES = 4.0, 1e6


@dataclass(frozen=True)
class MatchOptions:
    """How far a round of matching goes."""

    heard: float = 2.0              # standard errors: below, a coordinate does not move
    chance: float = 0.1             # that a round begins where no coordinate has anything to say
    step: float = 0.15              # length of a step in whitened coordinates: .011 nats
    steps: int = 60                 # at most
    least_effective: float = 0.3    # of the effective renders that the round began with: beyond, they say nothing
    gain: float = 1e-4              # of the distance, that counts as one
    patience: int = 5               # steps without a gain
    truncation: float = 20.0        # of importance ratios
    film: bool = False              # noise, blur, white balance and contrast are matched by features too
    looks: bool = False             # lights and film are matched by what images look like, in the first round
    narrowest: float = 0.37         # of a spread of lights and film, that matching looks leaves


@dataclass(frozen=True)
class Matched:
    """What one round did. Distances are MMD^2 under psi before and after."""

    psi: Psi
    moves: tuple[Move, ...]
    kl: float                       # nats from the psi before
    effective: float                # renders that the new psi is judged by
    before: tuple[float, ...]       # of each distance
    after: tuple[float, ...]
    steps: int
    ended: str                      # NOTHING_HEARD, ...
    unheard: Unheard | None         # what came nearest to being heard at the new psi, None where all was
    weights: tuple[Tensor, Tensor] = field(repr=False)      # (N,) before and after

    def details(self) -> dict[str, Any]:
        """As plain numbers, for the log."""
        return {"moved": listed(self.moves), "kl": self.kl,
                "unheard": self.unheard.to_json() if self.unheard else None,
                "effective": self.effective, "before": list(self.before), "after": list(self.after),
                "steps": self.steps, "ended": self.ended}


def match(psi: Psi, draws: Mapping[str, Tensor], log_q: Tensor, distances: Sequence[Distance],
          options: MatchOptions = MatchOptions(), held: Tensor | None = None, labels: Distance | None = None,
          alone: Tensor | None = None) -> Matched:
    """psi moved towards the photographs.

    ``draws`` of N renders, ``log_q`` (N,) their log density under what they were drawn from, ``distances`` between
    statistics of these N renders and of the photographs. ``held`` (P,) bool: coordinates that do not move. ``labels``:
    one more distance, which has no other beside it in the coordinates ``alone`` (P,) bool.
    """
    free = ~psi.locked if held is None else ~(psi.locked | held)
    start, first = psi, _weights(psi, draws, log_q, options)
    nowhere = torch.zeros(psi.size, dtype=torch.bool)
    total = _Total(tuple(distances), nowhere) if labels is None else \
        _Total((*distances, labels), nowhere if alone is None else alone)
    best, best_weights, best_value, best_step = psi, first, math.inf, 0
    weights, ended, heard = first, STEPS, torch.zeros(psi.size, dtype=torch.float64)
    for step in range(options.steps + 1):
        if step and _effective(weights) < options.least_effective * _effective(first):
            ended = OUT_OF_REACH
            break
        value = sum(total.values(weights))
        if value < best_value - options.gain:
            best, best_weights, best_value, best_step = psi, weights, value, step
        elif step - best_step >= options.patience:
            ended = NO_GAIN
            break
        gradient, z = derivative(psi, draws, weights, total)
        z = torch.where(free, z, 0.0)
        if step == 0 and not more_than_chance(z, int(free.sum()), options.chance):
            ended = NOTHING_HEARD
            break
        direction = torch.where(z.abs() > options.heard, -gradient * z.square() / (options.heard**2 + z.square()), 0.0)
        heard = torch.where((heard == 0) & (direction != 0), z, heard)
        if not direction.any() or step == options.steps:
            ended = ended if direction.any() else NOTHING_HEARD
            break
        psi = psi.step(options.step * direction / direction.norm())
        weights = _weights(psi, draws, log_q, options)
    # Of the many coordinates of a round that did not begin the loudest has to be louder than chance makes one of them.
    bar = options.heard if heard.any() or best_step else loudest_by_chance(int(free.sum()), options.chance)
    return Matched(best, moves_between(start, best, heard), best.kl(start), _effective(best_weights),
                   total.values(first), total.values(best_weights), best_step, ended,
                   _unheard(best, draws, best_weights, total, free, max(bar, options.heard)), (first, best_weights))


@dataclass(frozen=True)
class _Total:
    """D: the sum of the distances, but in the coordinates ``alone`` (P,) bool the last of them."""

    distances: tuple[Distance, ...]
    alone: Tensor

    def values(self, weights: Tensor) -> tuple[float, ...]:
        return tuple(distance.value(weights) for distance in self.distances)


def derivative(psi: Psi, draws: Mapping[str, Tensor], weights: Tensor, total: _Total) -> tuple[Tensor, Tensor]:
    """(dD/du (P,) in whitened coordinates, how many of its standard errors that is (P,)).

    The error is that of the renders, by the spread of their terms, and that of the photographs, by blocks of them.
    """
    gradient, of_renders, of_photographs = _moments(psi, draws, weights, total)
    return gradient, _errors(gradient, of_renders + of_photographs, weights)


def _moments(psi: Psi, draws: Mapping[str, Tensor], weights: Tensor, total: _Total) -> tuple[Tensor, Tensor, Tensor]:
    """(dD/du (P,), its variance by the renders (P,), that by the photographs (P,))."""
    scores = psi.score(draws)
    of_sum = _moments_of_sum(scores, weights, total.distances)
    if not total.alone.any():
        return of_sum
    of_last = _moments_of_sum(scores, weights, total.distances[-1:])
    gradient, of_renders, of_photographs = (torch.where(total.alone, last, whole)
                                            for last, whole in zip(of_last, of_sum, strict=True))
    return gradient, of_renders, of_photographs


def _moments_of_sum(scores: Tensor, weights: Tensor, distances: Sequence[Distance]) -> tuple[Tensor, Tensor, Tensor]:
    """As ``_moments``, of the distances' sum in all coordinates. ``scores`` (N, P) of the draws."""
    slope = torch.stack([distance.derivative(weights) for distance in distances]).sum(0)
    terms = scores * (slope - weights @ slope)[:, None]
    gradient = weights @ terms
    of_renders = weights.square() @ (terms - gradient).square()
    blocks = torch.stack([distance.across_blocks for distance in distances]).sum(0)        # (N, B)
    of_photographs = torch.zeros_like(of_renders)
    if (count := blocks.shape[1]) > 1:
        by_block = scores.T @ (weights[:, None] * -2 * (blocks - weights @ blocks))         # (P, B)
        of_photographs = by_block.var(1) / count
    return gradient, of_renders, of_photographs


def _errors(gradient: Tensor, variance: Tensor, weights: Tensor) -> Tensor:
    """(P,) of how many of its standard errors a derivative is."""
    return as_normal(gradient / variance.clamp(min=1e-24).sqrt(), _effective(weights) - 1)


def _unheard(psi: Psi, draws: Mapping[str, Tensor], weights: Tensor, total: _Total, free: Tensor, bar: float
             ) -> Unheard | None:
    """The loudest coordinate below ``bar`` standard errors, and what would bring it there at its present size."""
    gradient, of_renders, of_photographs = _moments(psi, draws, weights, total)
    z = _errors(gradient, of_renders + of_photographs, weights)
    quiet = free & (z.abs() < bar) & (of_renders > 0)
    if not bool(quiet.any()):
        return None
    index = int(torch.where(quiet, z.abs(), -1.0).argmax())
    effective = _effective(weights)
    renders, photographs = needed(float(gradient[index]), float(of_renders[index]), float(of_photographs[index]), bar)
    # A few renders count for less than the normal distribution has it: at least what z lacks.
    renders = max(renders, min((bar / max(float(z[index].abs()), 1e-6)) ** 2, MOST_TIMES))
    loudest = psi.by_name(torch.eye(psi.size, dtype=z.dtype)[index]).abs().argmax()
    return Unheard(list(psi.named())[int(loudest)], float(z[index]), effective,
                   max(math.ceil(effective * renders), math.floor(effective) + 1), photographs, bar)


def needed(gradient: float, of_renders: float, of_photographs: float, bar: float) -> tuple[float, float]:
    """(times as many renders, times as many photographs) with which ``gradient`` would be ``bar`` standard errors.

    From its variance by the renders and by the photographs, each of which falls as their number grows. More renders
    alone, where at most MOST_ALONE times as many are enough as with more photographs.
    """
    allowed = (gradient / bar) ** 2
    together = (of_renders + of_photographs) / allowed if allowed > 0 else math.inf
    if allowed > of_photographs and (alone := of_renders / (allowed - of_photographs)) <= MOST_ALONE * together:
        return alone, 1.0
    return min(together, MOST_TIMES), min(together, MOST_TIMES)


def _weights(psi: Psi, draws: Mapping[str, Tensor], log_q: Tensor, options: MatchOptions) -> Tensor:
    """(N,) summing to 1: the truncated importance weights of the renders to psi."""
    ratio = (psi.log_q(draws) - log_q).exp().clamp(max=options.truncation)
    total = ratio.sum()
    return ratio / total if total > 0 else torch.full_like(ratio, 1 / len(ratio))


def _effective(weights: Tensor) -> float:
    return float(1 / weights.square().sum())


def moves_between(start: Psi, end: Psi, z: Tensor) -> tuple[Move, ...]:
    """The coordinates that were heard and have moved."""
    by_name = start.by_name(z).tolist()
    return tuple(Move(name, a, b, score) for (name, (_, a)), (_, b), score
                 in zip(start.named().items(), end.named().values(), by_name, strict=True) if score and a != b)


def listed(moves: Iterable[Move]) -> list[list[Any]]:
    """As plain numbers, for the log."""
    return [[move.coordinate, move.start, move.end, move.z] for move in moves]
