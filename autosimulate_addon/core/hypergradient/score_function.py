"""The score-function side: grad_psi E_q[w] = E_q[w grad_psi log q] (paper, Algorithm 1), made less noisy."""

from __future__ import annotations

import torch
from torch import Tensor


def leave_one_out(w: Tensor, weights: Tensor) -> Tensor:
    """w (n, ...) minus, for each draw, the weighted mean of all the others.

    A baseline that does not depend on the draw it is taken from leaves the estimate unbiased, as E grad log q = 0.
    ``weights`` (n,) sum to 1.
    """
    weights = _along(w, weights)
    others = ((weights * w).sum(0) - weights * w) / (1.0 - weights).clamp(min=1e-12)
    return w - others


def std(w: Tensor, weights: Tensor) -> float:
    """The weighted standard deviation of w (n, ...); never quite 0, so that it can be divided by."""
    weights = _along(w, weights).expand_as(w)
    weights = weights / weights.sum()
    mean = (weights * w).sum()
    return (weights * (w - mean).square()).sum().sqrt().item() + 1e-12


def score_terms(scores: Tensor, advantages: Tensor) -> Tensor:
    """(n, P): each draw's term of the estimate. ``scores`` (n, P), ``advantages`` (n,).

    Or per value: ``scores`` (n, count, P), ``advantages`` (n, count).
    """
    if scores.dim() == 3:
        return (scores * advantages[..., None]).sum(1)
    return scores * advantages[:, None]


def _along(w: Tensor, weights: Tensor) -> Tensor:
    return weights.reshape(-1, *[1] * (w.dim() - 1)).to(torch.float64)
