"""How sure a hypergradient is: what halves of its data say of each other.

A cosine near 1 says that the other half of the renders, or of the photographs, would have moved psi the same way; one
near 0 that what is measured is mostly about the half that was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from .parameters import Parameters, dot, norm

#: Of the renders, and of the photographs.
HALVES = 2


@dataclass(frozen=True)
class Agreement:
    """Cosines; 1: the halves say the same, 0: they have nothing to do with each other."""

    renders: float            # of v from each half of the renders
    photographs: float        # of the hypergradient of each half of the photographs, in their order
    opposed: Tensor           # (P,) bool: the coordinates that the two would move in opposite directions

    @classmethod
    def of(cls, directions: tuple[Parameters, ...], gradients: tuple[Tensor, ...]) -> Agreement:
        """``directions``: v of each half of the renders; ``gradients`` (P,): of each half of the photographs."""
        return cls(cosine(*directions), cosine(*gradients), gradients[0] * gradients[1] < 0)


def cosine(a: Parameters, b: Parameters) -> float:
    """0 where one of them is 0."""
    length = norm(a) * norm(b)
    return dot(a, b) / length if length else 0.0


def mean_cosine(gradients: list[Tensor]) -> float:
    """Of all pairs of gradients (P,); NaN for one alone."""
    pairs = [cosine(a, b) for a, b in combinations(gradients, 2)]
    return sum(pairs) / len(pairs) if pairs else float("nan")


def halves_of(rows: Tensor) -> tuple[Tensor, ...]:
    """Every other row, and the rest: either half is of the whole."""
    return tuple(rows[start::HALVES] for start in range(HALVES))


def ask_halves(direction: Callable[[Tensor], Parameters], gradient: Callable[[Tensor], Tensor], renders: Tensor,
               photographs: int) -> Agreement | None:
    """``direction`` gives v by rows of ``renders``, ``gradient`` (P,) by indices of the ``photographs``.

    Halves of the photographs are the first and the last ones: neighbouring frames are nearly one picture. None where
    either has not two to be halved.
    """
    if min(len(renders), photographs) < HALVES:
        return None
    return Agreement.of(tuple(direction(rows) for rows in halves_of(renders)),
                        tuple(gradient(part) for part in torch.arange(photographs).chunk(HALVES)))
