"""What a task does with the outputs of a network: one prediction for each image, to draw, to write, to score."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ....core.datasets import Dataset
from ....core.delivered.photographs import Windows


class Predictions(Protocol):
    """``P`` is whatever the task calls a prediction; nobody else looks into it."""

    files: str          # what ``write`` and ``overlay`` leave, for a person
    of_judges: bool     # whether the sheet of a run shows what its judges see

    def seen(self, windows: Windows) -> Any:
        """What the network's outputs for an image, biases added, come to, at no size yet."""

    def decide(self, seen: Any, height: int, width: int) -> Any:
        """P of an image of this size from what was ``seen`` in it."""

    def truth(self, dataset: Dataset, index: int) -> Any:
        """P as the labels have it."""

    def overlay(self, image: np.ndarray, prediction: Any) -> np.ndarray:
        """(H, W, 3) uint8: the image with P drawn over it; P is of the same size."""

    def write(self, folder: Path, name: str, prediction: Any) -> None:
        """The files of one image, called ``name``, in folders of their own below ``folder``."""

    def coco(self, prediction: Any) -> list[dict[str, Any]]:
        """COCO results (see pycocotools' loadRes) without the image's id."""
