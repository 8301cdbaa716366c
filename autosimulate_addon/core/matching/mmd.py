"""The maximum mean discrepancy between weighted renders and photographs, and its witness.

MMD^2 = E k(x, x') - 2 E k(x, y) + E k(y, y') with x, x' renders and y, y' photographs (Gretton et al., "A kernel
two-sample test", JMLR 2012), k(a, b) = exp(-|a - b|^2 / h), h the squared median distance of a render and a photograph.
Pairs of one image with itself are left out of the sums, so that equal distributions are 0 apart in expectation.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Photographs taken one after the other are nearly one picture: their own uncertainty is that of so many blocks.
BLOCKS = 8


class Distance:
    """MMD^2 of statistics of N renders, with weights (N,) that sum to 1, and those of n photographs."""

    def __init__(self, renders: Tensor, photographs: Tensor) -> None:
        """``renders`` (N, D), ``photographs`` (n, D), in any units: each column counts by its own spread. NaN: a column
        that does not apply to an image.
        """
        self.renders, self.photographs = (each.detach().cpu().double() for each in (renders, photographs))
        x, y = _standardised(self.renders, self.photographs)
        across = torch.cdist(x, y)
        width = across.median().square().clamp(min=1e-12)

        def kernel(distances: Tensor) -> Tensor:
            return torch.exp(-distances.square() / width)

        self.among = kernel(torch.cdist(x, x)).fill_diagonal_(0.0)      # (N, N)
        across = kernel(across)                                         # (N, n)
        self.across = across.mean(1)
        blocks = across.tensor_split(min(BLOCKS, len(y)), 1)
        self.across_blocks = torch.stack([block.mean(1) for block in blocks], 1)       # (N, B)
        own = kernel(torch.cdist(y, y)).fill_diagonal_(0.0)
        self.constant = float(own.sum() / max(1, len(y) * (len(y) - 1)))

    def value(self, weights: Tensor) -> float:
        """MMD^2; below 0 by chance where the two are as equal as the numbers of images can tell."""
        pairs = weights @ self.among @ weights / (1 - weights.square().sum()).clamp(min=1e-12)
        return float(pairs - 2 * weights @ self.across + self.constant)

    def derivative(self, weights: Tensor) -> Tensor:
        """(N,): that of ``value`` by the weights, each for itself. The witness, with its sign: lower is nearer."""
        off = (1 - weights.square().sum()).clamp(min=1e-12)
        inner = self.among @ weights
        return 2 * inner / off + 2 * weights * (weights @ inner) / off.square() - 2 * self.across

    def of(self, columns: Tensor) -> Distance:
        """That of some of the columns alone, with a width of their own."""
        return Distance(self.renders[:, columns], self.photographs[:, columns])


def _standardised(renders: Tensor, photographs: Tensor) -> tuple[Tensor, Tensor]:
    """Each column from the photographs' mean, divided by its standard deviation over all images; one that never varies
    becomes 0. An image that a column does not apply to is like the mean render in it, or the mean photograph: a render
    that shows nothing is as far from the photographs as renders are, and not like them.
    """
    images = torch.cat([renders, photographs])
    known = ~images.isnan()
    count = known.sum(0).clamp(min=1)
    mean = images.nansum(0) / count
    spread = ((images - mean).square().nansum(0) / count).sqrt()
    scale = torch.where(spread > 1e-9, 1 / spread.clamp(min=1e-9), 0.0)
    centre = torch.where(photographs.isnan().all(0), mean, photographs.nanmean(0))
    return _filled((renders - centre) * scale), _filled((photographs - centre) * scale)


def _filled(columns: Tensor) -> Tensor:
    """With each column's mean for NaN, and 0 where it is all NaN."""
    return torch.where(columns.isnan(), columns.nanmean(0), columns).nan_to_num()
