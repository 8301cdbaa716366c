"""What a folder of labelled images holds, for the window. It needs neither torch nor Blender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.datasets import Summary, inspect


def folder_summary(folder: str, classes: tuple[str, ...], ids: Mapping[str, int | Sequence[str]] | None,
                   limit: int, task: str = "segmentation") -> dict[str, Any]:
    """The summary of ``folder`` as plain values, with at most ``limit`` images looked into; ``task``: the setting."""
    summary = inspect(folder, tuple(classes) or None, ids or None, limit=limit, need_masks=task == "segmentation",
                      need_boxes=task == "detection")
    notes = list(summary.notes) + (task_notes(summary) if task == "auto" else [])
    return {"description": summary.description, "n_images": summary.n_images, "examined": summary.examined,
            "images": dict(summary.images or {}), "notes": notes, "problems": list(summary.problems),
            "example": [str(path) if path else "" for path in summary.example or ()],
            "boxes": [list(row) for row in summary.example_boxes], "size": summary.size}


def task_notes(summary: Summary) -> list[str]:
    """Which task the labels make it, where nobody has chosen one."""
    if not summary.has_masks and summary.ok:
        return ["There are boxes and no masks, so the task is detection."]
    if summary.has_boxes:
        return ["There are masks and boxes: the task is segmentation, unless you choose detection."]
    return []
