"""What tasks share whose loss has a part for every pixel, and that count the same numbers of every class."""

from __future__ import annotations

import torch
from torch import Tensor

from .label_statistics import class_columns


class OfPixels:
    """The rest of a ``Task`` is its subclass's."""

    classes: tuple[str, ...]

    def credit(self, parts: Tensor, instances: Tensor, count: int) -> Tensor:
        """(K, H, W), (K, H, W) -> (K, count): the sum over the pixels of each instance."""
        credit = torch.zeros(len(parts), count, dtype=parts.dtype)
        return credit.scatter_add_(1, instances.flatten(1), parts.flatten(1))

    def influence(self, parts: Tensor) -> Tensor:
        """(K, H, W): the parts are those of pixels already."""
        return parts

    def statistics_groups(self) -> dict[str, Tensor]:
        """The columns of its statistics that belong to each class."""
        return {self.classes[index]: columns for index, columns in class_columns(len(self.classes)).items()}
