"""Multinomial logistic regression: each sample is of one class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SoftmaxSamples:
    """Standardised features ``x`` (n, D), which of ``classes`` ``y`` (n,), weights ``w`` (n,) in the loss."""

    x: Tensor
    y: Tensor
    w: Tensor
    classes: int

    def __len__(self) -> int:
        return len(self.y)

    def thinned(self, most: int) -> SoftmaxSamples:
        """One in so many."""
        every = -(-len(self) // most)
        w = self.w[::every]
        return SoftmaxSamples(self.x[::every], self.y[::every], w * (self.w.sum() / w.sum().clamp(min=1e-30)),
                              self.classes)

    def beside(self, other: SoftmaxSamples, share: float) -> SoftmaxSamples:
        """These and ``other``, which has ``share`` of the loss."""
        return SoftmaxSamples(torch.cat([self.x, other.x]), torch.cat([self.y, other.y]),
                              torch.cat([(1 - share) * self.w, share * other.w]), self.classes)

    def errors(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        log_p = logits.log_softmax(1)
        loss = -(self.w * log_p.gather(1, self.y[:, None])[:, 0]).sum()
        errors = log_p.exp_()
        errors[torch.arange(len(self), device=errors.device), self.y] -= 1.0
        return loss, errors.mul_(self.w[:, None])

    def curvature(self, logits: Tensor) -> Callable[[Tensor], Tensor]:
        p = logits.softmax(1)[:, None]

        def product(tangent: Tensor) -> Tensor:
            tangent = p * tangent
            tangent -= p * tangent.sum(2, keepdim=True)
            return tangent.mul_(self.w[:, None, None])

        return product

    def start(self) -> Tensor:
        return self.x.new_zeros(self.classes)

    def bend(self, logits: Tensor | None) -> Tensor:
        """The mean of w p (1 - p) over the classes, p each sample's own, else the classes' shares. (Boehning's bound,
        1992, has 1/2 there.)
        """
        if logits is None:
            shares = torch.zeros(self.classes, dtype=self.w.dtype, device=self.w.device).index_add_(0, self.y, self.w)
            p = (shares / shares.sum().clamp(min=1e-30))[None]
        else:
            p = logits.softmax(1)
        return self.w * (p * (1 - p)).mean(1)
