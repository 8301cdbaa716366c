"""The boxes that a detector finds in a photograph, of its outputs for the windows that cover it."""

from __future__ import annotations

import numpy as np
import torch

from ..tasks.detection import DetectionTask
from .photographs import Windows

#: Of two boxes of a class with a larger IoU the less certain goes: windows overlap, and both see what lies there.
MOST_OVERLAP = 0.5


def found_boxes(task: DetectionTask, windows: Windows) -> np.ndarray:
    """(n, 6) float32, the most certain first: class index, corners as shares of the photograph, score.

    Each window is decoded by itself, because cells and sizes are those of the images that it was trained on.
    """
    found = task.detections(windows.outputs)
    size = torch.tensor([*reversed(windows.size)] * 2)                      # width, height, of a window
    whole = torch.tensor([*reversed(windows.whole)] * 2)
    starts = torch.tensor([[left, top, left, top] for top, left in windows.places])
    corners = (found[..., 1:5] * size + starts[:, None]) / whole
    rows = torch.cat([found[..., :1], corners, found[..., 5:]], -1).flatten(0, 1).numpy()
    rows = rows[np.argsort(-rows[:, 5], kind="stable")]
    return rows if len(windows.places) == 1 else _suppressed(rows)


def _suppressed(rows: np.ndarray) -> np.ndarray:
    kept = np.ones(len(rows), bool)
    for index, row in enumerate(rows):
        if kept[index]:
            later = rows[index + 1:]
            kept[index + 1:] &= (later[:, 0] != row[0]) | (_overlaps(row[1:5], later[:, 1:5]) <= MOST_OVERLAP)
    return rows[kept]


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) IoU of the corners x0, y0, x1, y1 (4,) with those of each of (n, 4)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.maximum(sides, 0).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return shared / np.maximum(areas - shared, 1e-12)
