"""The state after the last complete iteration, written so that a kill at any moment leaves a whole one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from ...protocol import InputError
from .directory import atomic_path

_LATEST = "latest.pt"
_PREVIOUS = "previous.pt"
#: Grows with every change of what a checkpoint holds.
_FORMAT = 3


def save(folder: Path, state: dict[str, Any]) -> None:
    """Writes ``state`` (tensors and plain Python only) as the latest checkpoint and keeps the one before."""
    latest = folder / _LATEST
    if latest.exists():
        previous = folder / (_PREVIOUS + ".new")
        previous.unlink(missing_ok=True)
        try:
            os.link(latest, previous)           # a second name, so that at no moment there is no checkpoint
        except OSError:                         # file systems without hard links: the latest alone must do
            previous = None
        if previous is not None:
            os.replace(previous, folder / _PREVIOUS)
    with atomic_path(latest) as temporary:
        torch.save({"format": _FORMAT, **state}, temporary)


def load(folder: Path) -> dict[str, Any] | None:
    """The newest readable checkpoint, or None when no iteration was completed. Tensors come to the CPU."""
    problem: Exception | None = None
    for name in (_LATEST, _PREVIOUS):
        path = folder / name
        if not path.exists():
            continue
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:      # a damaged archive can raise almost anything
            problem = error
            continue
        if state.get("format") != _FORMAT:
            raise InputError(f"The checkpoint in '{folder}' was written by another version of AutoSimulate; start a "
                             f"new run with its psi as the start.")
        return state
    if problem is not None:
        raise InputError(f"The checkpoint in '{folder}' cannot be read ({type(problem).__name__}); "
                         f"start a new run with its psi as the start.")
    return None
