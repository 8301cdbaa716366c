"""What each background job is given: its folder, a copy of the scene, its command line."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ...blender.marks import factors, mark_scene, presence, psi_properties, settings
from ...protocol import AutoSimulateError, InputError
from ...run.process.script import RUN_SCRIPT
from ...run.record import psi_file
from ...run.record.directory import RunDirectory
from ...run.record.events import is_written
from ...run.scene.scene_file import save_copy
from .. import package
from ..torch import status as torch_status
from ..torch.python import python_command
from . import results, run_process
from .job import BackgroundJob
from .run_follower import Status

#: How long a sample sheet, or the log of a data set, is there to be looked at.
_KEPT_SECONDS = 7 * 86400.0


def registry() -> run_process.Registry:
    """The runs that were started from this computer."""
    return run_process.Registry(package.user_folder() / "runs.json")


def new_directory(kind: str) -> Path:
    """A new, empty folder for a run: beside the .blend where it can be written, else in the add-on's own folder.

    Raises InputError when neither can be written.
    """
    stem = Path(bpy.data.filepath).stem or "untitled"
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    places = [package.user_folder() / "runs"]
    if bpy.data.filepath and kind == "optimize":
        places.insert(0, Path(bpy.data.filepath).parent / "autosimulate_runs")
    problem: OSError | None = None
    for place in places:
        name, number = f"{stem}_{stamp}", 1
        while (place / name).exists():
            number += 1
            name = f"{stem}_{stamp}_{number}"
        try:
            (place / name).mkdir(parents=True)
            return place / name
        except OSError as error:
            problem = error
    raise InputError(f"No folder for the run can be made in {places[-1]} ({problem.strerror}); save the file to a "
                     "folder that can be written")


def forget_side_jobs() -> None:
    """Removes sample sheets and the logs of data sets, not the sets, that nobody has written to for long."""
    places = package.user_folder() / "runs"
    for directory in places.iterdir() if places.is_dir() else ():
        files = RunDirectory(directory)
        with contextlib.suppress(OSError):
            touched = max(path.stat().st_mtime for path in (directory, *directory.iterdir()))
            if time.time() - touched > _KEPT_SECONDS and \
                    not (files.config.exists() or files.scene.exists() or is_written(files.events)):
                shutil.rmtree(directory)


def absolute(path: str) -> str:
    return bpy.path.abspath(path) if path else ""


def _site_packages() -> str | None:
    """The folder of PyTorch, where Blender's own Python does not have it."""
    state = torch_status.refresh()
    if not state.usable:
        raise InputError(f"{state.line}: see the add-on's preferences")
    return state.site_packages or None


#: What Match Photographs changes of the settings: rounds of few images, each of which goes as far as its renders reach,
#: no network, nothing beside it. It ends by itself where nothing is left to match.
MATCHING = {"method": "match", "iterations": 8, "images": 40, "control": False, "compare": False}


def optimize_arguments(scene: bpy.types.Scene, directory: Path, changes: Mapping[str, Any] | None = None) -> list[str]:
    """The command line of an optimization with the scene's settings, as far as not changed. Raises InputError."""
    values = {"output": directory, **settings.read(scene.autosimulate), **(changes or {}),
              "site_packages": _site_packages()}
    return ["optimize", *run_process.flags(values)]


def command(scene: bpy.types.Scene, copy: Path, arguments: list[str]) -> list[str]:
    if bpy.app.binary_path:
        return run_process.blender_command(bpy.app.binary_path, copy, scene.name, RUN_SCRIPT, arguments)
    return run_process.python_command(python_command(), copy, RUN_SCRIPT, arguments)


def check_optimization(scene: bpy.types.Scene) -> None:
    """What can be said before anything is copied or started. Raises InputError."""
    marks, classes = mark_scene.read(scene)
    if not any(mark.enabled and not mark.locked for mark in marks):
        raise InputError("Every learnable property is locked or switched off: unlock at least one")
    if len(classes.names) < 2:
        raise InputError("Add at least one class under Labels, and assign objects to it")
    empty = [group.name for group in scene.autosimulate.classes if len(presence.dead(group)) == len(group.members)]
    if empty:
        raise InputError(f"The class {empty[0]} has no objects: assign some under Labels, or remove it")
    folder = Path(absolute(scene.autosimulate.validation))
    if not folder.is_dir():
        raise InputError(f"The validation folder {folder} does not exist: choose another under Validation Data")
    if not any(folder.iterdir()):
        raise InputError(f"The validation folder {folder} is empty: choose one with images and masks")


def start_optimization(scene: bpy.types.Scene, changes: Mapping[str, Any] | None = None) -> BackgroundJob:
    """Copies the scene into a new run directory and starts the job, which nobody follows yet.

    ``changes``: of the scene's settings, such as MATCHING.
    Raises InputError and leaves nothing behind.
    """
    check_optimization(scene)
    marks, _ = mark_scene.read(scene)
    before = psi_properties.read(scene, marks)
    directory = new_directory("optimize")
    files = RunDirectory(directory)
    try:
        arguments = optimize_arguments(scene, directory, changes)
        save_copy(files.scene)
        results.write_window_file(directory, scene, before, arguments)
        process = _start(command(scene, files.scene, arguments), files.window_log)
    except (AutoSimulateError, OSError):
        shutil.rmtree(directory, ignore_errors=True)
        raise
    scene.autosimulate.run_dir = str(directory)
    registry().add(directory, bpy.data.filepath, scene.name)
    return BackgroundJob("OPTIMIZE", directory, scene.name, process, log=files.window_log)


def resume_optimization(scene: bpy.types.Scene, directory: Path) -> BackgroundJob:
    """Goes on with a run that was stopped, with the scene as it was copied then. Raises InputError."""
    files = RunDirectory(directory)
    if not files.scene.is_file():
        raise InputError(f"{directory.name} cannot go on: its {files.scene.name} is not there")
    files.cancel.unlink(missing_ok=True)
    arguments = ["optimize", *run_process.flags({"resume": directory, "site_packages": _site_packages()})]
    job = BackgroundJob("OPTIMIZE", directory, scene.name, log=files.window_log)
    job.follower.read_all()                             # the curve so far
    job.process = _start(command(scene, files.scene, arguments), files.window_log)
    job.state.status, job.state.error = Status.STARTING, ""
    job.psi_now = job.state.psi
    results.decide(scene, job, "")
    return job


def start_side_job(kind: str, scene: bpy.types.Scene, arguments: list[str], result: Path, total: int,
                   on_end=None) -> BackgroundJob:
    """Starts a preview or a data set on a copy of the scene that goes away with the job. Raises InputError.

    It is followed by the same events as an optimization, in its own folder: ``result`` is what the user keeps.
    """
    forget_side_jobs()
    directory = new_directory(kind.lower())
    files = RunDirectory(directory)
    try:
        site_packages = _site_packages()
        save_copy(files.scene)
        arguments = [*arguments, *run_process.flags({"site_packages": site_packages, "events": directory,
                                                     "psi": _shown_psi(scene, files.psi)})]
        process = _start(command(scene, files.scene, arguments), files.window_log)
    except (AutoSimulateError, OSError):
        shutil.rmtree(directory, ignore_errors=True)
        raise

    def finished(job: BackgroundJob) -> None:
        files.scene.unlink(missing_ok=True)         # the log stays, to be looked at
        if on_end:
            on_end(job)

    return BackgroundJob(kind, directory, scene.name, process, log=files.window_log, result=result, total=total,
                         on_end=finished)


def _shown_psi(scene: bpy.types.Scene, path: Path) -> Path | None:
    """Pictures are made from what the panels show: a run's psi that nobody has kept yet go into a file at ``path``."""
    pending = results.pending(scene)
    known = [factor for factor in factors.factors_of(mark_scene.read(scene)[0]) if factor.key in pending]
    if not known:
        return None
    psi_file.write(path, known, iteration=0, seed=0, stages={psi_file.LATEST: pending}, targets={})
    return path


def _start(arguments: list[str], log: Path):
    try:
        return run_process.start(arguments, log)
    except OSError as error:
        raise InputError(f"The background job could not be started ({error.strerror}): {arguments[0]}") from error
