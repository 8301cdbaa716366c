"""What a folder of labelled images holds, for the window. It needs neither torch nor Blender."""

from __future__ import annotations

from typing import Any

from ...core.datasets import inspect


def folder_summary(folder: str, classes: tuple[str, ...], ids: dict[str, int] | None, limit: int) -> dict[str, Any]:
    """The summary of ``folder`` as plain values, with at most ``limit`` images looked into."""
    summary = inspect(folder, tuple(classes) or None, ids or None, limit=limit)
    return {"description": summary.description, "n_images": summary.n_images, "examined": summary.examined,
            "images": dict(summary.images or {}), "notes": list(summary.notes), "problems": list(summary.problems),
            "example": [str(path) if path else "" for path in summary.example or ()]}
