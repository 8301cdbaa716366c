"""From the outputs of a detector to boxes: the peaks of its heat maps (Zhou et al., Objects as Points, 2019)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .centre_grid import CentreGrid

#: Of an image, in all classes together: as many as COCO's evaluation looks at.
MOST_DETECTIONS = 100


def decode(heat: Tensor, regressed: Tensor, grid: CentreGrid, most: int = MOST_DETECTIONS) -> Tensor:
    """(K, n, 6): class index, corners as shares of the image, score; the most certain first.

    ``heat`` (K, classes, rows, columns) from 0 to 1, ``regressed`` (K, 4, rows, columns). A peak is a cell that no
    neighbour exceeds: the maximum over 3 x 3 cells takes the place of the suppression of non-maxima.
    """
    classes, cells = heat.shape[1], grid.rows * grid.columns
    peaks = heat * (F.max_pool2d(heat, 3, 1, 1) == heat)
    score, at = peaks.flatten(1).topk(min(most, classes * cells))
    cell = at % cells
    own = regressed.flatten(2).gather(2, cell[:, None].expand(-1, 4, -1)).movedim(1, -1)
    corners = grid.boxes(cell, own).clamp(0, 1)
    return torch.cat([(1 + at // cells)[..., None].to(corners), corners, score[..., None].to(corners)], -1)
