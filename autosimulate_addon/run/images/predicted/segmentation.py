"""Segmentation: index masks, tinted photographs, and an entry of COCO results for each connected region of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ....core.datasets import Dataset
from ....core.datasets.dataset import IGNORE
from ....core.delivered.photographs import Windows, class_map
from .. import pictures


@dataclass(frozen=True)
class Regions:
    """(H, W) uint8 class indices, and (H, W) float32 how likely each is."""

    classes: np.ndarray
    probability: np.ndarray


class SegmentationPredictions:
    """``masks/NAME.png``: pixel values are class indices."""

    files = "masks/, overlays/"
    of_judges = True

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)

    def seen(self, windows: Windows) -> Tensor:
        return windows.merged()

    def decide(self, seen: Tensor, height: int, width: int) -> Regions:
        return Regions(*class_map(seen, height, width))

    def truth(self, dataset: Dataset, index: int) -> Regions:
        labels = dataset.labels[index]
        return Regions(labels, (labels != IGNORE).astype(np.float32))

    def overlay(self, image: np.ndarray, prediction: Regions) -> np.ndarray:
        return pictures.overlay(image, prediction.classes)

    def write(self, folder: Path, name: str, prediction: Regions) -> None:
        pictures.write_mask(folder / "masks" / f"{name}.png", prediction.classes)

    def coco(self, prediction: Regions) -> list[dict[str, Any]]:
        """The score of a region is the mean probability of its pixels."""
        from pycocotools import mask as rle  # only whoever writes results needs these
        from scipy import ndimage

        results = []
        for index in range(1, len(self.classes)):
            regions, _ = ndimage.label(prediction.classes == index)
            for number, (rows, columns) in enumerate(ndimage.find_objects(regions), start=1):
                here = regions[rows, columns] == number
                region = np.zeros(prediction.classes.shape, np.uint8, order="F")
                region[rows, columns] = here
                encoded = rle.encode(region)
                results.append({
                    "category_id": index, "score": float(prediction.probability[rows, columns][here].mean()),
                    "bbox": [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start],
                    "segmentation": {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}})
        return results
