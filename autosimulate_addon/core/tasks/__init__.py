"""What is learned from the images: a task owns the losses, the objective and the metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...protocol import InputError
from .detection import LEAST_SIDE, DetectionTask
from .segmentation import SegmentationTask
from .task import Scores, Task, TaskFactory

__all__ = ["TASKS", "Scores", "Task", "make_task"]

#: Tasks by name: a new one is one file beside this one and one row.
TASKS: dict[str, TaskFactory] = {
    "segmentation": lambda classes, settings: SegmentationTask(classes),
    "detection": lambda classes, settings: DetectionTask(classes, settings.least_side if settings else LEAST_SIDE),
}


def make_task(name: str, classes: Sequence[str], settings: Any = None) -> Task:
    """The task ``name`` for these ``classes``; ``settings``: a ``LoopConfig``, of which it reads what is its own.

    Raises InputError if there is no such task.
    """
    if name not in TASKS:
        raise InputError(f"There is no task called {name!r}: choose one of {', '.join(TASKS)}.")
    return TASKS[name](classes, settings)
