"""What the labels of an image hold, in numbers: what distributions of class maps are compared by."""

from __future__ import annotations

import torch
from torch import Tensor

from ..datasets.dataset import IGNORE

#: Share of an image below which a class is taken to be absent.
PRESENT = 2e-4
#: Numbers for each class, of boxes as well.
_EACH = 4


def label_statistics(targets: Tensor, classes: int) -> Tensor:
    """(N, S) float32 of class maps (N, H, W): for each class but the background log area, presence and place.

    Areas are shares of the labelled pixels, NaN where the class is absent: what is not there is not small. The place is
    that of the centroid, from -1 to 1 along height and width, and that of the middle where the class is absent.
    """
    labelled = (targets != IGNORE).sum((1, 2)).clamp(min=1)
    height, width = targets.shape[-2:]
    y = torch.linspace(-1, 1, height, device=targets.device).view(1, -1, 1)
    x = torch.linspace(-1, 1, width, device=targets.device).view(1, 1, -1)
    columns = []
    for index in range(1, classes):
        mask = (targets == index).float()
        pixels = mask.sum((1, 2))
        share = pixels / labelled
        present = share > PRESENT
        columns += [torch.where(present, share.log(), torch.nan), present.float()]
        columns += [torch.where(present, (mask * axis).sum((1, 2)) / pixels, 0.0) for axis in (y, x)]
    return torch.stack(columns, 1) if columns else torch.zeros(len(targets), 0)


def class_columns(classes: int) -> dict[int, Tensor]:
    """The columns of ``label_statistics``, and of ``box_statistics``, that belong to each class."""
    return {index: torch.arange(_EACH) + _EACH * (index - 1) for index in range(1, classes)}
