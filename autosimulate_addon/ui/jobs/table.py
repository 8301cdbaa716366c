"""The jobs of the open file, one of each kind."""

from __future__ import annotations

from typing import Any

import bpy

from .job import BackgroundJob

_jobs: dict[str, BackgroundJob] = {}


def job(kind: str = "OPTIMIZE") -> BackgroundJob | None:
    """The job of this kind that runs, or ran last in this file."""
    return _jobs.get(kind)


def running(kind: str = "OPTIMIZE") -> bool:
    found = _jobs.get(kind)
    return found is not None and not found.state.ended


def all_jobs() -> list[BackgroundJob]:
    """The jobs that run, or ran last in this file, of every kind."""
    return list(_jobs.values())


def put(new: BackgroundJob) -> None:
    """Makes ``new`` the job of its kind."""
    _jobs[new.kind] = new


def forget(kind: str) -> None:
    _jobs.pop(kind, None)


def clear() -> None:
    _jobs.clear()


def psi_before(scene: bpy.types.Scene) -> dict[str, Any]:
    """psi before the last run: its start, by mark name; {} when there was no run."""
    found = _jobs.get("OPTIMIZE")
    if found is None or found.scene != scene.name:
        return {}
    return found.start
