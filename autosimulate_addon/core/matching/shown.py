"""Which coordinates of psi labels tell of: where things are and how large, but not how they are lit.

Of those the labels alone know where to stop. Features find a photograph's mean distance too near, whatever is moved.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..psi import Draws, Psi
from .significance import as_normal, loudest_by_chance

#: That any coordinate at all is taken to be shown where none is.
CHANCE = 0.05


def shown(psi: Psi, draws: Draws, statistics: Tensor, weights: Tensor) -> Tensor:
    """(P,) bool: the coordinates of continuous factors with whose draws the ``statistics`` (N, S) change.

    A factor is shown where the score of one of its coordinates is correlated with one of the statistics by more than
    chance makes any of them all (Bonferroni); NaN is a statistic that does not apply to an image. ``weights`` (N,) sum
    to 1 and bring the draws to psi, whose moves would be correlations of their own.
    """
    found = torch.zeros(psi.size, dtype=torch.bool)
    continuous = [psi.slices[factor.key] for factor in psi.factors if factor.continuous and not factor.locked]
    if not continuous:
        return found
    z = _correlations(psi.score(draws), statistics.double(), weights)
    bar = loudest_by_chance(sum(int((z[place] != 0).sum()) for place in continuous), CHANCE)
    for place in continuous:
        found[place] = bool((z[place].abs() > bar).any())
    return found


def _correlations(scores: Tensor, statistics: Tensor, weights: Tensor) -> Tensor:
    """(P, S): how many standard errors from 0 the weighted correlation of a score (N, P) and a statistic (N, S) is;
    0 where one of them never varies, or for less than three renders."""
    known = (~statistics.isnan()).double() * weights[:, None]                  # (N, S)
    known = known / known.sum(0).clamp(min=1e-12)
    values = statistics.nan_to_num()
    values = torch.where(known > 0, values - (known * values).sum(0), 0.0)
    means = scores.T @ known                                                    # (P, S) of the renders that count
    covariance = scores.T @ (known * values)
    spread = (scores.square().T @ known - means.square()).clamp(min=0) * (known * values.square()).sum(0)
    r = torch.where(spread > 1e-12, covariance / spread.clamp(min=1e-12).sqrt(), 0.0).clamp(-1 + 1e-9, 1 - 1e-9)
    freedom = 1 / known.square().sum(0).clamp(min=1e-12) - 2                    # (S,)
    return torch.where(freedom > 1, as_normal(r * (freedom.clamp(min=1) / (1 - r.square())).sqrt(), freedom), 0.0)
