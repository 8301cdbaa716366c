"""Making pictures from the distributions: a sample sheet, a data set."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import IntProperty

from ...blender.marks import settings
from ...protocol import InputError
from ...protocol.settings import DATASET
from ...run.images.split import Split
from ...run.record.directory import DATASET_FILE, PREVIEW_FILE, check_count, check_not_data
from .. import monitor, panel_data, reasons
from ..jobs import launch, run_process, table
from ..jobs.job import BackgroundJob
from ..jobs.run_follower import Status
from .base import attempt

_NEEDED = (reasons.scene_editable, reasons.can_run, reasons.has_torch, reasons.has_marks, reasons.has_camera,
           reasons.not_rendering)


def _size(scene: bpy.types.Scene) -> dict[str, int]:
    return {"width": scene.autosimulate.width, "height": scene.autosimulate.height, "seed": scene.autosimulate.seed}


class AUTOSIMULATE_OT_sample_sheet(bpy.types.Operator):
    """Render several draws from the distributions into one picture, with their masks, in the background"""

    bl_idname = "autosimulate.sample_sheet"
    bl_label = "Sample Sheet"
    bl_options = {"REGISTER"}

    count: IntProperty(name="Samples", description="Number of draws on the sheet", default=12, min=1, soft_max=36)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, *_NEEDED, reasons.no_job("PREVIEW"))

    def execute(self, context):
        def work():
            output = launch.new_directory("preview") / PREVIEW_FILE
            arguments = ["preview", *run_process.flags({"output": output, "count": self.count, **_size(context.scene)})]
            made_from = repr(panel_data.refresh(context.scene).psi)
            job = launch.start_side_job("PREVIEW", context.scene, arguments, output, self.count, _show_sheet)
            job.made_from = made_from
            monitor.follow(job)
            return f"Rendering {self.count} samples"

        return attempt(self, work)


def _show_sheet(job: BackgroundJob) -> None:
    """Shows the sheet, also one that was stopped, in the panel, and in an image editor where one is open."""
    if job.state.status not in (Status.DONE, Status.CANCELLED) or not job.result.is_file():
        return
    try:
        job.show_sheet(job.result)
    except RuntimeError:
        return
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR":
                area.spaces.active.image = _loaded(job.result)


def _loaded(path: Path) -> bpy.types.Image:
    image = bpy.data.images.load(str(path), check_existing=True)
    image.reload()
    return image


class AUTOSIMULATE_OT_open_sheet(bpy.types.Operator):
    """Look at the sample sheet in an image editor"""

    bl_idname = "autosimulate.open_sheet"
    bl_label = "Open in Image Editor"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, lambda _: "" if _sheet() else "There is no sample sheet yet")

    def execute(self, context):
        def work():
            image = _loaded(_sheet())
            for area in context.screen.areas:
                if area.type == "IMAGE_EDITOR":
                    area.spaces.active.image = image
                    return
            bpy.ops.wm.window_new()
            area = context.window_manager.windows[-1].screen.areas[0]
            area.type = "IMAGE_EDITOR"
            area.spaces.active.image = image

        return attempt(self, work)


def _sheet() -> Path | None:
    job = table.job("PREVIEW")
    return job.result if job and job.result and job.result.is_file() else None


class AUTOSIMULATE_OT_generate(bpy.types.Operator):
    """Write labelled images drawn from the distributions: PNG, masks and COCO JSON, in the background"""

    bl_idname = "autosimulate.generate"
    bl_label = "Generate Dataset"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, *_NEEDED, reasons.has_classes, _has_folder, reasons.no_job("GENERATE"))

    def execute(self, context):
        def work():
            group = context.scene.autosimulate
            output = Path(launch.absolute(group.dataset_dir))
            if output.is_dir() and any(output.iterdir()) and not (output / DATASET_FILE).exists():
                raise InputError(f"{output} is not empty: choose a new folder, so that nothing is overwritten")
            check_not_data(output, validation=launch.absolute(group.validation), test=launch.absolute(group.test),
                           real=launch.absolute(group.real))
            check_count(output, group.dataset_count)
            if group.split:
                Split.parse(group.split)
            output.mkdir(parents=True, exist_ok=True)
            arguments = ["generate", *run_process.flags({"output": output, "count": group.dataset_count,
                                                         **_size(context.scene), **settings.read(group, DATASET)})]
            monitor.follow(launch.start_side_job("GENERATE", context.scene, arguments, output, group.dataset_count))
            return f"Generating {group.dataset_count} images"

        return attempt(self, work)


def _has_folder(context: bpy.types.Context) -> str:
    group = reasons.settings(context)
    if not group.dataset_dir:
        return "Choose a folder for the data set first"
    if group.dataset_dir.startswith("//") and not bpy.data.filepath:
        return "Save the file first, or choose a folder that does not depend on where it is"
    return ""


CLASSES = (AUTOSIMULATE_OT_sample_sheet, AUTOSIMULATE_OT_open_sheet, AUTOSIMULATE_OT_generate)
