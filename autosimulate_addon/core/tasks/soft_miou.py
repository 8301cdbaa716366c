"""Mean IoU of probabilities instead of decisions, whose gradient exists (Rahman and Wang, ISVC 2016).

It is a ratio of sums over a whole data set. Its derivative is the sum of those of the parts, given the sums:

d mIoU = mean over classes of (dI U - I dU) / U^2, I and U a class's intersection and union.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F

from ..datasets.dataset import IGNORE


@dataclass(frozen=True)
class Overlap:
    """Intersection and union (C,) of the classes; (C,) whether each is a foreground class that occurs."""

    intersection: Tensor
    union: Tensor
    counted: Tensor

    @property
    def miou(self) -> Tensor:
        """Over the foreground classes that occur; 0 where none does."""
        return self._mean(self.intersection / self.union.clamp(min=1e-12))

    def first_order(self, part: Overlap) -> Tensor:
        """A scalar whose gradient is the ``part``'s share of that of ``miou``, with self the sum of all parts."""
        union = self.union.clamp(min=1e-12)
        return self._mean((part.intersection * union - self.intersection * part.union) / union.square())

    def _mean(self, values: Tensor) -> Tensor:
        return (values * self.counted).sum() / self.counted.sum().clamp(min=1)


def overlap(logits: Tensor, labels: Tensor) -> Overlap:
    """Of these images: logits (K, C, H, W), labels (K, H, W) with ``IGNORE``."""
    known = labels != IGNORE
    truth = F.one_hot(torch.where(known, labels, 0), logits.shape[1]).permute(0, 3, 1, 2) * known[:, None]
    p = logits.softmax(1) * known[:, None]
    shared = (p * truth).sum((0, 2, 3))
    counted = truth.sum((0, 2, 3)) > 0
    counted[0] = False      # the background
    return Overlap(shared, p.sum((0, 2, 3)) + truth.sum((0, 2, 3)) - shared, counted)


def total(parts: Iterable[Overlap]) -> Overlap:
    """Of all the images of the parts, detached: a constant."""
    parts = list(parts)
    return Overlap(reduce(torch.Tensor.add, [part.intersection.detach() for part in parts]),
                   reduce(torch.Tensor.add, [part.union.detach() for part in parts]),
                   torch.stack([part.counted for part in parts]).any(0))
