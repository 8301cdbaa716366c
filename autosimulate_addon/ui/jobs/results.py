"""What a run has to give to the scene: its psi, what was there before, whether the user kept it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...blender.marks import mark_scene, psi_properties
from ...protocol import AutoSimulateError
from ...run.record import psi_file
from ...run.record.directory import RunDirectory, write_json
from . import table
from .job import BackgroundJob
from .run_follower import Status


def write_window_file(directory: Path, scene: bpy.types.Scene, before: dict[str, Any], arguments: list[str]) -> None:
    """Which scene of which file a run belongs to, psi ``before`` it, and the ``arguments`` of headless/run.py.

    With those anybody can repeat the run.
    """
    write_json(RunDirectory(directory).window, {"blend": bpy.data.filepath, "scene": scene.name, "before": before,
                                                "arguments": arguments})


def decide(scene: bpy.types.Scene, found: BackgroundJob, decision: str) -> None:
    """Remembers that a run's result was KEPT or DISCARDED; "" forgets it."""
    scene.autosimulate.decision = f"{decision} {found.directory.name}" if decision else ""


def decision(scene: bpy.types.Scene, found: BackgroundJob) -> str:
    """KEPT or DISCARDED, once the user has said so of this run and not undone it; else ""."""
    what, _, which = scene.autosimulate.decision.partition(" ")
    return what if which == found.directory.name else ""


def pending(scene: bpy.types.Scene) -> dict[str, dict]:
    """psi of this scene's run, going on or ended, that was neither kept nor discarded; {} where there is none."""
    found = table.job()
    if found is None or found.scene != scene.name or decision(scene, found):
        return {}
    return found.psi_now


def result_psi(found: BackgroundJob) -> dict[str, dict]:
    """What a run has to give: the final psi when it is done, the best so far when it was stopped."""
    stages = psi_file.LEARNED if found.state.status == Status.DONE else (psi_file.BEST, psi_file.FINAL, psi_file.LATEST)
    return next((psi for stage in stages if (psi := psi_file.stage(found.files.psi, stage))), found.state.psi)


def write_psi(scene: bpy.types.Scene, psi: dict[str, dict]) -> list[str]:
    """Writes psi into the scene's custom properties, mark by mark; returns the sentences about those that refuse.

    A mark that was deleted, or whose object is gone, does not keep the others from getting theirs.
    """
    problems = []
    for group in scene.autosimulate.marks:
        if group.name not in psi:
            continue
        try:
            mark = mark_scene.mark_of(group)
            psi_properties.write(scene, [mark], {mark.name: psi[mark.name]})
        except AutoSimulateError as error:
            problems.append(str(error))
    return problems
