"""The score-function terms of every factor, each with the credit that is its own.

A factor with one value for each of some instances (the place of each object) is credited with v . grad l inside those
instances' masks, every other factor with the whole image's w. What an object does to the pixels of others (shadows,
occlusion) is left out: less variance, some bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ...protocol import Factor
from ..psi import Psi
from ..renders import RenderStore
from ..tasks.task import Task
from .score_function import leave_one_out, score_terms, std


@dataclass(frozen=True)
class Advantage:
    """w (n, ...) -> how much better than the others each render is, in units of ``w_std``.

    w less its leave-one-out ``baseline``, clipped at ``clip`` of its own standard deviations.
    """

    weights: Tensor     # (n,), sum to 1
    w_std: float
    baseline: bool = True
    clip: float = 3.0

    def __call__(self, w: Tensor) -> Tensor:
        own = std(w, self.weights)
        centred = leave_one_out(w, self.weights) if self.baseline else w
        return centred.clamp(-self.clip * own, self.clip * own) / self.w_std


def credited_score_terms(task: Task, store: RenderStore, index: Tensor, psi: Psi, factors: Sequence[Factor],
                         parts: Tensor, advantage: Advantage, object_credit: bool) -> Tensor:
    """(n, P): advantage * grad_psi log q of the renders ``index`` (n,) in the columns of ``factors``; 0 in the others'.

    ``parts`` (n, ...) are v . grad l by part of the loss; their sum is w.
    """
    draws = {key: values[index] for key, values in store.draws.items()}
    owned = [factor for factor in factors if object_credit and len(factor.owners) == factor.count]
    w = parts.sum(tuple(range(1, parts.ndim)))
    terms = score_terms(psi.score(draws, [factor.key for factor in factors if factor not in owned]), advantage(w))
    if owned:
        instances = store.instances[index.to(store.device)].cpu().long()
        count = max(int(instances.max()), *(max(factor.owners) for factor in owned)) + 1
        credit = task.credit(parts, instances, count)
        for factor in owned:
            terms[:, psi.slices[factor.key]] = score_terms(psi.score_of_values(factor.key, draws),
                                                           advantage(credit[:, list(factor.owners)]))
    return terms
