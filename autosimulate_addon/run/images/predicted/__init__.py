"""How predictions are drawn and written. A task that has some is one file beside these and one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ....protocol import InputError
from .detection import DetectionPredictions
from .prediction import Predictions
from .segmentation import SegmentationPredictions

__all__ = ["PREDICTIONS", "Predictions", "predictions_of"]

#: Task -> what writes its predictions, made from the classes.
PREDICTIONS: dict[str, Callable[[Sequence[str]], Predictions]] = {
    "segmentation": SegmentationPredictions, "detection": DetectionPredictions}


def predictions_of(task: str, classes: Sequence[str]) -> Predictions:
    """Raises InputError for a task whose predictions nothing here can draw."""
    if task not in PREDICTIONS:
        raise InputError(f"Predictions of the task {task!r} cannot be written yet, only those of "
                         f"{', '.join(PREDICTIONS)}.")
    return PREDICTIONS[task](classes)
