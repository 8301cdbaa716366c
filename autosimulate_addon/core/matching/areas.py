"""How large what is to be found is in renders and in photographs: what psi cannot bring nearer."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from .mmd import Distance


def areas(labels: Distance, groups: Mapping[str, Tensor], weights: Tensor) -> dict[str, tuple[float, float]]:
    """{class: (in renders, in photographs)}: the median share of an image that shows the class which it takes up.

    ``labels``: statistics of labels, of which each of the ``groups`` has the logarithm of the share first, NaN where
    the class is absent; ``weights`` (N,) of the renders. 0 where no render or no photograph shows the class.
    """
    alike = torch.full((len(labels.photographs),), 1 / len(labels.photographs), dtype=weights.dtype)
    return {name: (_median(labels.renders[:, columns[0]].exp(), weights),
                   _median(labels.photographs[:, columns[0]].exp(), alike))
            for name, columns in groups.items()}


def _median(shares: Tensor, weights: Tensor) -> float:
    shown = ~shares.isnan()
    if not bool(weights[shown].sum() > 0):
        return 0.0
    ordered, order = shares[shown].sort()
    below = weights[shown][order].cumsum(0)
    return float(ordered[int(torch.searchsorted(below, below[-1] / 2).clamp(max=len(below) - 1))])
