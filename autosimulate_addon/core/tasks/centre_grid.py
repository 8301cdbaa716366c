"""The cells in which a detector says where objects have their centres, and what it is to say there.

A network's outputs are as large as its images; a cell is the mean of ``stride`` x ``stride`` of them. Zhou et al.,
Objects as Points, 2019 (stride, Gaussians, offsets).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .boxes import trimmed

#: Cells are pairs of pixels, or larger, so that the longer side has no more than so many.
MOST_CELLS = 80
#: Of a box whose size is an output of 0: a share of the image.
USUAL_SIZE = 1 / 6
#: IoU that a box keeps whose corners are off by the Gaussian's radius, after CenterNet.
_OVERLAP = 0.7


@dataclass(frozen=True)
class Centres:
    """Of K images with at most m boxes each: classes from 0 on, (K, m); the cell of each centre in the flat grid,
    (K, m); what is to be regressed there, (K, 4, m): ln (w, h) of ``USUAL_SIZE``, and the centre's place in its cell,
    (x, y) from -1/2 to 1/2; and whether there is a box, (K, m) bool."""

    classes: Tensor
    cells: Tensor
    regressed: Tensor
    there: Tensor


@dataclass(frozen=True)
class CentreGrid:
    """The cells of images of ``height`` x ``width`` pixels."""

    height: int
    width: int

    @property
    def stride(self) -> int:
        stride = 2
        while max(self.height, self.width) > MOST_CELLS * stride:
            stride *= 2
        return stride

    @property
    def rows(self) -> int:
        return -(-self.height // self.stride)

    @property
    def columns(self) -> int:
        return -(-self.width // self.stride)

    def pool(self, outputs: Tensor) -> Tensor:
        """(K, channels, H, W) -> (K, channels, rows, columns): the mean of each cell's pixels; cells stay as they are.
        """
        if outputs.shape[-2:] == (self.rows, self.columns):
            return outputs
        return F.avg_pool2d(outputs, self.stride, ceil_mode=True, count_include_pad=False)

    def spread(self, cells: Tensor) -> Tensor:
        """(..., rows, columns) -> (..., H, W): each cell's value in equal parts on its pixels; the transpose of
        ``pool``."""
        high, across = (torch.full((count,), float(self.stride), dtype=cells.dtype, device=cells.device)
                        for count in (self.rows, self.columns))
        high[-1] -= self.rows * self.stride - self.height
        across[-1] -= self.columns * self.stride - self.width
        y, x = (torch.arange(size, device=cells.device) // self.stride for size in (self.height, self.width))
        return (cells / (high[:, None] * across)).index_select(-2, y).index_select(-1, x)

    def centres(self, boxes: Tensor) -> Centres:
        """Of boxes (K, M, 5), see ``boxes``."""
        boxes = trimmed(boxes)
        x, y = ((boxes[..., 1 + axis] + boxes[..., 3 + axis]) / 2 * size / self.stride
                for axis, size in enumerate((self.width, self.height)))
        column, row = x.long().clamp(max=self.columns - 1), y.long().clamp(max=self.rows - 1)
        there = boxes[..., 0] > 0
        sizes = [((boxes[..., 3 + axis] - boxes[..., 1 + axis]).clamp(min=1e-4) / USUAL_SIZE).log() for axis in (0, 1)]
        regressed = torch.stack([*sizes, x - column - 0.5, y - row - 0.5], 1) * there[:, None]
        return Centres((boxes[..., 0].long() - 1).clamp(min=0), row * self.columns + column, regressed, there)

    def heat(self, boxes: Tensor, classes: int) -> Tensor:
        """(K, classes, rows, columns) of boxes (K, M, 5): 1 in the cells of centres, around them Gaussians of
        CenterNet's radius, of which the largest counts."""
        boxes, centres = trimmed(boxes), self.centres(boxes)
        width, height = ((boxes[..., 3 + axis] - boxes[..., 1 + axis]) * size / self.stride
                         for axis, size in enumerate((self.width, self.height)))
        sigma = (2 * _radius(width, height) + 1) / 6
        column, row = centres.cells % self.columns, centres.cells // self.columns
        x, y = (torch.arange(count, device=boxes.device) - at[..., None] for count, at in
                ((self.columns, column), (self.rows, row)))                             # (K, m, columns or rows)
        across, down = (torch.exp(-0.5 * (each / sigma[..., None]).square()) for each in (x, y))
        bumps = down[..., :, None] * across[..., None, :] * centres.there[..., None, None]
        heat = torch.zeros(len(boxes), classes, self.rows, self.columns, device=boxes.device)
        return heat.scatter_reduce_(1, centres.classes[..., None, None].expand_as(bumps), bumps, "amax")

    def boxes(self, cells: Tensor, regressed: Tensor) -> Tensor:
        """(..., 4) corners as shares of the image: of centres in ``cells`` (...) and what is regressed there
        (..., 4)."""
        place = torch.stack([cells % self.columns, cells // self.columns], -1)
        image = torch.tensor([self.width, self.height], device=cells.device)
        centre = (place + 0.5 + regressed[..., 2:]) * self.stride / image
        half = USUAL_SIZE * regressed[..., :2].clamp(max=10.0).exp() / 2
        return torch.cat([centre - half, centre + half], -1)


def _radius(width: Tensor, height: Tensor) -> Tensor:
    """CenterNet's, in cells: the least of its code's three radii is always this one."""
    total = 2 * _OVERLAP * (width + height)
    return ((total.square() + 16 * _OVERLAP * (1 - _OVERLAP) * width * height).sqrt() - total).div(2).floor()
