"""What a folder of labelled images holds, for the window. It needs neither torch nor Blender."""

from __future__ import annotations

from typing import Any

from ...core.datasets import inspect


def folder_summary(folder: str, classes: tuple[str, ...], ids: dict[str, int] | None, limit: int) -> dict[str, Any]:
    """The summary of ``folder`` as plain values, with at most ``limit`` images looked into."""
    found = inspect(folder, tuple(classes) or None, ids or None, limit=limit)
    return {"description": found.description, "n_images": found.n_images, "examined": found.examined,
            "images": dict(found.images or {}), "notes": list(found.notes), "problems": list(found.problems),
            "example": [str(path) if path else "" for path in found.example or ()]}
