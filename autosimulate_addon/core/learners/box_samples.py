"""The two losses of a convex detector: centres by logistic regression, sizes and offsets by least squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from ..tasks.detection import PRIOR


@dataclass(frozen=True)
class CentreSamples:
    """One logistic regression for each class. Features ``x`` (n, D); ``centre`` (n, C), whether a cell is one of the
    class; ``w`` (n, C). Outputs are the logits less ``PRIOR``.
    """

    x: Tensor
    centre: Tensor
    w: Tensor

    def thinned(self, most: int) -> CentreSamples:
        """All centres, which are few, and one in so many of the rest."""
        there = self.centre.any(1)
        every = -(-len(there) // most)
        chosen = there | (torch.arange(len(there), device=there.device) % every == 0)
        w, own = self.w[chosen], there[chosen, None]
        rest = [(part * ~mask).sum() for part, mask in ((self.w, there[:, None]), (w, own))]
        return CentreSamples(self.x[chosen], self.centre[chosen],
                             torch.where(own, w, w * (rest[0] / rest[1].clamp(min=1e-30))))

    def beside(self, other: CentreSamples, share: float) -> CentreSamples:
        """These and ``other``, which has ``share`` of the loss."""
        return CentreSamples(torch.cat([self.x, other.x]), torch.cat([self.centre, other.centre]),
                             torch.cat([(1 - share) * self.w, share * other.w]))

    def errors(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        z = outputs + PRIOR
        loss = (self.w * F.softplus(torch.where(self.centre, -z, z))).sum()
        return loss, torch.sigmoid(z).sub_(self.centre.to(z)).mul_(self.w)

    def curvature(self, outputs: Tensor) -> Callable[[Tensor], Tensor]:
        p = torch.sigmoid(outputs + PRIOR)
        second = (self.w * p * (1 - p))[:, None]
        return lambda tangent: tangent.mul_(second)

    def start(self) -> Tensor:
        """Those that are best without any feature: centres are so rare that all else is little beside them."""
        share = (self.w * self.centre).sum(0) / self.w.sum(0).clamp(min=1e-30)
        return torch.logit(share.clamp(1e-6, 0.5)) - PRIOR

    def bend(self, outputs: Tensor | None) -> Tensor:
        p = torch.sigmoid((self.start()[None] if outputs is None else outputs) + PRIOR)
        return (self.w * p * (1 - p)).mean(1)


@dataclass(frozen=True)
class SizeSamples:
    """Least squares: features ``x`` (n, D) of centres, ``regressed`` (n, 4) there (see ``Centres``), weights (n,)."""

    x: Tensor
    regressed: Tensor
    w: Tensor

    def thinned(self, most: int) -> Self:
        """All: there is one for each box."""
        return self

    def beside(self, other: SizeSamples, share: float) -> SizeSamples:
        """These and ``other``, which has ``share`` of the loss."""
        return SizeSamples(torch.cat([self.x, other.x]), torch.cat([self.regressed, other.regressed]),
                           torch.cat([(1 - share) * self.w, share * other.w]))

    def errors(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        residual = outputs - self.regressed
        weighted = residual * self.w[:, None]
        return (weighted * residual).sum() / 2, weighted

    def curvature(self, outputs: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda tangent: tangent.mul_(self.w[:, None, None])

    def start(self) -> Tensor:
        return (self.w[:, None] * self.regressed).sum(0) / self.w.sum().clamp(min=1e-30)

    def bend(self, outputs: Tensor | None) -> Tensor:
        return self.w


@dataclass(frozen=True)
class BoxSamples:
    """Of the same images."""

    centres: CentreSamples
    sizes: SizeSamples

    def thinned(self, most: int) -> BoxSamples:
        """With at most about ``most`` cells."""
        return BoxSamples(self.centres.thinned(most), self.sizes)

    def beside(self, other: BoxSamples, share: float) -> BoxSamples:
        """These and ``other``, which has ``share`` of the loss."""
        return BoxSamples(self.centres.beside(other.centres, share), self.sizes.beside(other.sizes, share))
