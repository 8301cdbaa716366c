"""Boxes as one tensor: what detection has for targets, of renders and of data sets alike.

(K, MOST_BOXES, 5) float32, each row a class index (0: no box) and the corners x0, y0, x1, y1 as shares of the image's
width and height. Shares, because outputs of any size can be held against them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..datasets.dataset import IGNORE

#: Of an image with more, the largest count. (COCO's evaluation looks at 100 detections of an image.)
MOST_BOXES = 128
#: Instances are 16-bit numbers and classes 8-bit ones.
_INSTANCES, _CLASSES = 1 << 16, 1 << 8


def boxes_of_instances(labels: Tensor, instances: Tensor, least_side: float) -> Tensor:
    """The boxes of what is visible of each instance, from class and instance ids (K, H, W).

    An instance with parts of several classes (by material) has a box for each. A render holds no mask of what is
    hidden, so how much of an object is to be seen is asked of its visible box: its shorter side has ``least_side``
    pixels at least, or the object counts as background.
    """
    height, width = labels.shape[-2:]
    image, y, x = ((labels > 0) & (labels != IGNORE)).nonzero().unbind(1)
    key = (image * _INSTANCES + instances[image, y, x].long()) * _CLASSES + labels[image, y, x].long()
    found, of = key.unique(return_inverse=True)
    low, high = (torch.full((2, len(found)), value, device=labels.device) for value in (max(height, width), 0))
    for axis, place in enumerate((x, y)):
        low[axis].scatter_reduce_(0, of, place, "amin")
        high[axis].scatter_reduce_(0, of, place + 1, "amax")
    size = torch.tensor([[width], [height]], device=labels.device)
    rows = torch.cat([(found % _CLASSES)[None], low / size, high / size]).T
    kept = (high - low).amin(0) >= least_side
    return _packed(rows[kept], (found // (_CLASSES * _INSTANCES))[kept], len(labels))


def boxes_of_pixels(boxes: Sequence[np.ndarray], height: int, width: int) -> Tensor:
    """From rows (n, 5) of each image, a class index and corners in pixels of images of this size."""
    rows = torch.from_numpy(np.concatenate([np.zeros((0, 5), np.float32), *boxes])).float()
    image = torch.arange(len(boxes)).repeat_interleave(torch.tensor([len(each) for each in boxes], dtype=torch.long))
    return _packed(rows / torch.tensor([1, width, height, width, height]), image, len(boxes))


def trimmed(boxes: Tensor) -> Tensor:
    """(K, m, 5): without the columns in which no image has a box; one is left."""
    return boxes[:, :max(1, int((boxes[..., 0] > 0).sum(1).max()))] if len(boxes) else boxes[:, :1]


def _packed(rows: Tensor, image: Tensor, count: int) -> Tensor:
    """The tensor of rows (n, 5) of the images ``image`` (n,), in each the largest first."""
    area = (rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])
    order = area.argsort(descending=True, stable=True)
    order = order[image[order].argsort(stable=True)]
    rows, image = rows[order], image[order]
    place = torch.arange(len(rows), device=rows.device) - torch.searchsorted(image, image)
    packed = torch.zeros(count, MOST_BOXES, 5, device=rows.device)
    kept = place < MOST_BOXES
    packed[image[kept], place[kept]] = rows[kept].float()
    return packed
