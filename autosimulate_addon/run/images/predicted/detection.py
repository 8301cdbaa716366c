"""Detection: boxes on photographs, and an entry of COCO results for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....core.datasets import Dataset
from ....core.delivered.found_boxes import found_boxes
from ....core.delivered.photographs import Windows
from ....core.tasks.detection import DetectionTask
from .. import boxes

#: Boxes less certain than this are left out of the results: average precision does not miss them.
LEAST_SCORE = 0.01


class DetectionPredictions:
    """A prediction is an array (n, 6): class index, corners in pixels, score. (Truth has a score of 1.)"""

    files = "overlays/ (boxes of score .3 or more, or half of the photograph's best)"
    of_judges = False

    def __init__(self, classes: Sequence[str]) -> None:
        self.task = DetectionTask(classes)

    def seen(self, windows: Windows) -> np.ndarray:
        found = found_boxes(self.task, windows)
        return found[found[:, 5] >= LEAST_SCORE]

    def decide(self, seen: np.ndarray, height: int, width: int) -> np.ndarray:
        return seen * np.array([1, width, height, width, height, 1])

    def truth(self, dataset: Dataset, index: int) -> np.ndarray:
        own = dataset.boxes[index] if dataset.boxes is not None else np.zeros((0, 5))
        return np.pad(own, ((0, 0), (0, 1)), constant_values=1.0)

    def overlay(self, image: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        (shown,) = boxes.worth_drawing([prediction])
        return boxes.drawn(image, shown / np.array([1, width, height, width, height, 1]))

    def write(self, folder: Path, name: str, prediction: np.ndarray) -> None:
        """Boxes are in the results alone."""

    def coco(self, prediction: np.ndarray) -> list[dict[str, Any]]:
        return [{"category_id": int(index), "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}
                for index, x0, y0, x1, y1, score in prediction.tolist()]
