"""What the boxes of an image hold, in numbers: what distributions of labels are compared by in detection."""

from __future__ import annotations

import torch
from torch import Tensor


def box_statistics(boxes: Tensor, classes: int) -> Tensor:
    """(K, S) float32 of boxes (K, M, 5): for each class but the background log area, count and place, in the columns
    of ``class_columns``.

    The area is the mean of its boxes', a share of the image, NaN where the class is absent: what is not there is not
    small. The place is the mean of their centres, from -1 to 1 along height and width, and that of the middle where
    the class is absent.
    """
    corners = boxes[..., 1:]
    area = (corners[..., 2] - corners[..., 0]) * (corners[..., 3] - corners[..., 1])
    centre = corners[..., :2] + corners[..., 2:] - 1
    columns = []
    for index in range(1, classes):
        own = (boxes[..., 0] == index).float()
        count = own.sum(1)
        columns += [((own * area).sum(1) / count).log(), count]
        columns += [(own * centre[..., axis]).sum(1) / count.clamp(min=1) for axis in (1, 0)]
    return torch.stack(columns, 1) if columns else torch.zeros(len(boxes), 0)
