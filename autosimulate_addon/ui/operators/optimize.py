"""Starting and finding again the optimization of the distributions."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from ...protocol import InputError
from ...run.record.directory import RunDirectory
from .. import monitor, reasons
from ..jobs import launch, table
from ..jobs.job import BackgroundJob
from ..jobs.run_follower import RunFollower, Status
from ..wording import STATUS_WORDS
from .base import attempt

#: What must hold before a run starts.
_BEFORE_A_RUN = (reasons.scene_editable, reasons.can_run, reasons.has_torch, reasons.no_optimization, reasons.has_marks,
                 reasons.has_classes, reasons.has_validation, reasons.has_camera, reasons.not_rendering)


class AUTOSIMULATE_OT_optimize(bpy.types.Operator):
    """Learn the distributions from the validation images, in the background; the window stays free"""

    bl_idname = "autosimulate.optimize"
    bl_label = "Optimize Distributions"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, *_BEFORE_A_RUN)

    def execute(self, context):
        def work():
            job = launch.start_optimization(context.scene)
            monitor.follow(job)
            return f"Optimizing in {job.directory}"

        return attempt(self, work)


class AUTOSIMULATE_OT_match(bpy.types.Operator):
    """Bring what the renders look like and show near the validation photographs: few images, no training to speak of"""

    bl_idname = "autosimulate.match"
    bl_label = "Match Photographs"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, *_BEFORE_A_RUN)

    def execute(self, context):
        def work():
            job = launch.start_optimization(context.scene, launch.MATCHING)
            monitor.follow(job)
            return f"Matching in {job.directory}"

        return attempt(self, work)


class AUTOSIMULATE_OT_resume(bpy.types.Operator):
    """Go on with the last run where it was stopped, with the scene as it was then"""

    bl_idname = "autosimulate.resume"
    bl_label = "Go On"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.can_run, reasons.has_torch,
                               reasons.no_optimization, _stopped)

    def execute(self, context):
        def work():
            job = launch.resume_optimization(context.scene, table.job().directory)
            monitor.follow(job)
            return f"Going on in {job.directory}"

        return attempt(self, work)


def _stopped(context: bpy.types.Context) -> str:
    job = table.job()
    if job is None or job.scene != context.scene.name:
        return "There is no run: optimize, or attach to one"
    done = job.state.status == Status.DONE and not job.state.left_out
    return "The last run is complete" if done else ""


class AUTOSIMULATE_OT_attach(bpy.types.Operator):
    """Follow the last optimization of this file again, also one that went on while Blender was closed"""

    bl_idname = "autosimulate.attach"
    bl_label = "Attach to Run"
    bl_options = {"REGISTER"}

    directory: StringProperty(name="Run", description="Folder of the run; empty for this file's last one",
                              subtype="DIR_PATH", options={"SKIP_SAVE"})
    choose: BoolProperty(name="Choose", description="Choose the folder of another run",
                         options={"SKIP_SAVE", "HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.no_optimization)

    @classmethod
    def description(cls, _context, properties):
        return "Choose the folder of a run to follow or to look at" if properties.choose else cls.__doc__

    def invoke(self, context, _event):
        if self.directory or (not self.choose and last_run(context.scene)):
            return self.execute(context)
        context.window_manager.fileselect_add(self)     # nothing is known of any: its folder is asked for
        return {"RUNNING_MODAL"}

    def execute(self, context):
        def work():
            directory = Path(launch.absolute(self.directory)) if self.directory else last_run(context.scene)
            if directory is None:
                raise InputError("No run of this file was found: choose the folder of one")
            return attach(context.scene, directory)

        return attempt(self, work)


def last_run(scene: bpy.types.Scene) -> Path | None:
    """The newest run of this scene that still exists."""
    known = launch.registry().find(bpy.data.filepath, scene.name)
    if scene.autosimulate.run_dir:
        known.append(Path(launch.absolute(scene.autosimulate.run_dir)))
    return next((directory for directory in known if RunDirectory(directory).events.exists()), None)


def attach_to_running(scene: bpy.types.Scene) -> bool:
    """Follows this scene's last run if it still goes on, as after its file was opened again."""
    directory = last_run(scene)
    if directory is None or table.job() is not None:
        return False
    follower = RunFollower(directory)
    follower.read_all()
    state = follower.state
    if state.ended or not follower.looks_alive():
        return False
    attach(scene, directory)
    return True


def attach(scene: bpy.types.Scene, directory: Path) -> str:
    """Follows a run; returns the sentence about how it stands. Raises InputError for a folder that is no run."""
    files = RunDirectory(directory)
    if not files.events.is_file():
        raise InputError(f"{directory} is not the folder of a run: it has no {files.events.name}")
    log = files.window_log if files.window_log.exists() else files.log
    job = BackgroundJob("OPTIMIZE", directory, scene.name, log=log)
    job.follower.read_all()
    monitor.follow(job)
    scene.autosimulate.run_dir = str(directory)
    state = job.state
    if not state.ended and not job.follower.looks_alive():
        state.status = Status.LOST
        state.error = "The run ended without finishing; its best distributions so far are under Results"
    state.version += 1
    monitor.show(job)
    return f"The run in {directory.name}: {STATUS_WORDS[state.status]}"


CLASSES = (AUTOSIMULATE_OT_optimize, AUTOSIMULATE_OT_match, AUTOSIMULATE_OT_resume, AUTOSIMULATE_OT_attach)
