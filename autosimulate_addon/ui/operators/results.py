"""What to do with what was learned: keep it, go back, look at it."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

import bpy
import numpy as np
from bpy.props import EnumProperty, IntProperty, StringProperty

from ...blender.marks import learned, mark_scene, psi_properties
from ...blender.marks.mark import Mark
from ...blender.render.drawing import Drawer
from ...protocol import AutoSimulateError, InputError
from ...run.record.directory import RunDirectory
from .. import panel_data, reasons
from ..jobs import launch, table
from ..jobs import results as run_results
from ..pictures import distribution
from .base import attempt, described


def _undecided(context: bpy.types.Context) -> str:
    job = table.job()
    if job is None or job.scene != context.scene.name:
        return "There is no result: optimize, or attach to a run"
    if not job.state.ended:
        return "Wait until the optimization has finished, or cancel it"
    return ""


class AUTOSIMULATE_OT_keep(bpy.types.Operator):
    """Make the learned distributions the scene's (one undo step)"""

    bl_idname = "autosimulate.keep"
    bl_label = "Keep"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, _undecided, _has_result, reasons.not_rendering)

    def execute(self, context):
        job, group = table.job(), context.scene.autosimulate

        def work():
            psi = run_results.result_psi(job)
            if not psi:
                raise InputError("The run ended before it learned anything")
            if run_results.decision(context.scene, job) != "KEPT":
                group.before_kept = json.dumps(_present(context.scene))
            problems = run_results.write_psi(context.scene, psi)
            run_results.decide(context.scene, job, "KEPT")
            count = sum(name in group.marks for name in psi)
            return f"{count - len(problems)} learned distributions kept" + "".join(f"; {text}" for text in problems[:1])

        return attempt(self, work)


class AUTOSIMULATE_OT_discard(bpy.types.Operator):
    """Put the distributions back as they were before the run (one undo step)"""

    bl_idname = "autosimulate.discard"
    bl_label = "Discard"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, _undecided, _has_result, reasons.not_rendering)

    def execute(self, context):
        job = table.job()

        def work():
            if run_results.decision(context.scene, job) == "KEPT":
                _put_back(context.scene)
            run_results.decide(context.scene, job, "DISCARDED")
            return "The distributions are as they were before the run"

        return attempt(self, work)


def _has_result(_context: bpy.types.Context) -> str:
    return "" if table.job().psi_now else "The run ended before it learned anything"


def _present(scene: bpy.types.Scene) -> dict[str, dict]:
    """The scene's psi, mark by mark: one that cannot be read is left out."""
    found: dict[str, dict] = {}
    for group in scene.autosimulate.marks:
        with contextlib.suppress(AutoSimulateError):
            found |= psi_properties.read(scene, [mark_scene.mark_of(group)])
    return found


def _put_back(scene: bpy.types.Scene) -> None:
    """psi as it was before Keep."""
    for group in scene.autosimulate.marks:
        learned.forget(group)
    run_results.write_psi(scene, json.loads(scene.autosimulate.before_kept or "{}"))


class AUTOSIMULATE_OT_reset(bpy.types.Operator):
    """Forget what was learned: every distribution, or only this one, begins again from its start (one undo step)"""

    bl_idname = "autosimulate.reset"
    bl_label = "Reset to Start"
    bl_options = {"REGISTER", "UNDO"}

    name: StringProperty(name="Name", description="Learnable property to reset; empty for all",
                         options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks, reasons.no_optimization)

    def execute(self, context):
        def work():
            removed = sum(learned.forget(group) for group in context.scene.autosimulate.marks
                          if self.name in ("", group.name))
            if not removed:
                return "Nothing was learned yet"
            return f"{self.name or 'Every distribution'} is at its start again"

        return attempt(self, work)


def put_for_good(scene: bpy.types.Scene, mark: Mark, values: np.ndarray) -> None:
    """Writes one draw of one mark and leaves it there. Raises InputError, with everything as it was."""
    drawer = Drawer(scene, [mark])
    drawer.__enter__()                                  # no "with": leaving it would take the draw out again
    try:
        drawer.put({mark.name: values})
    except BaseException as error:
        drawer.__exit__(type(error), error, None)
        raise


def _put(scene: bpy.types.Scene, choose) -> tuple[int, list[str]]:
    """Writes a value of every enabled mark into the scene; ``choose(factor, parameters)`` gives the values.

    Returns how many marks were set, and the sentences about those that could not be.
    """
    data = panel_data.refresh(scene)
    done, problems = 0, []
    for group in scene.autosimulate.marks:
        if not group.enabled:
            continue
        row = data.rows[group.name]
        if row.problem:
            problems.append(row.problem)
            continue
        mark = mark_scene.mark_of(group)
        if mark.kind == "FILM":
            continue                                    # acts on pictures, there is nothing in the scene to set
        try:
            put_for_good(scene, mark, choose(data.factors[mark.name], data.psi[mark.name]))
            done += 1
        except AutoSimulateError as error:
            problems.append(str(error))
    return done, problems


def _report(done: int, problems: list[str], what: str) -> str:
    if not done:
        raise InputError(problems[0] if problems else "Nothing here can be set: film properties act on pictures only")
    return f"{what} of {done} properties" + (f"; left out: {problems[0]}" if problems else "")


class AUTOSIMULATE_OT_apply_mean(bpy.types.Operator):
    """Set every learnable property to the mean of its distribution, or to the most probable choice"""

    bl_idname = "autosimulate.apply_mean"
    bl_label = "Apply Mean"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks, reasons.not_rendering)

    def execute(self, context):
        def work():
            done, problems = _put(context.scene,
                                  lambda factor, psi: distribution.middle(factor.family, psi, factor.count))
            return _report(done, problems, "Mean")

        return attempt(self, work)


class AUTOSIMULATE_OT_draw_sample(bpy.types.Operator):
    """Put one random draw from the distributions into the scene, to look at; undo brings the values back"""

    bl_idname = "autosimulate.draw_sample"
    bl_label = "Draw Sample"
    bl_options = {"REGISTER", "UNDO"}

    seed: IntProperty(name="Seed", description="The same number gives the same draw", min=0, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks, reasons.not_rendering)

    def invoke(self, context, _event):
        self.seed = random.randrange(1 << 20)
        return self.execute(context)

    def execute(self, context):
        def work():
            rng = np.random.default_rng(self.seed)
            done, problems = _put(context.scene, lambda factor, psi: distribution.sample(
                rng, factor.family, psi, factor.count, factor.low, factor.high))
            return _report(done, problems, "One draw")

        return attempt(self, work)


OPENABLE = (
    ("REPORT", "Report", "The report with curves, distributions before and after, and sample sheets"),
    ("FOLDER", "Folder", "The folder with everything the run has written"),
    ("DATASET", "Data Set", "The folder of the generated data set"),
)


class AUTOSIMULATE_OT_open(bpy.types.Operator):
    """Show a file of the last run"""

    bl_idname = "autosimulate.open"
    bl_label = "Open"
    bl_options = {"INTERNAL"}

    what: EnumProperty(name="What", description="What to show", items=OPENABLE)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    @classmethod
    def description(cls, _context, properties):
        text = described(OPENABLE, properties.what)[1]
        return f"Open {text[0].lower()}{text[1:]}"

    def execute(self, context):
        def work():
            path = _place(context, self.what)
            if path is None or not path.exists():
                raise InputError("It is not there yet" if path is None else f"{path} does not exist")
            if path.is_dir():
                bpy.ops.wm.path_open(filepath=str(path))
            else:
                bpy.ops.wm.url_open(url=path.as_uri())

        return attempt(self, work)


def _place(context: bpy.types.Context, what: str):
    if what == "DATASET":
        job = table.job("GENERATE")
        return job.result if job else Path(launch.absolute(context.scene.autosimulate.dataset_dir))
    job = table.job()
    directory = job.directory if job else Path(launch.absolute(context.scene.autosimulate.run_dir) or "-")
    return RunDirectory(directory).report if what == "REPORT" else directory


CLASSES = (AUTOSIMULATE_OT_keep, AUTOSIMULATE_OT_discard, AUTOSIMULATE_OT_reset, AUTOSIMULATE_OT_apply_mean,
           AUTOSIMULATE_OT_draw_sample, AUTOSIMULATE_OT_open)
