"""Optimize: settings, the button, and how the run stands."""

from __future__ import annotations

import bpy
from bl_ui.utils import PresetPanel
from bpy.app.translations import pgettext_iface as iface_

from ...protocol.events import PHASES
from ...protocol.settings import LEARNERS
from ...protocol.words import duration, percent
from .. import wording
from ..jobs import table
from ..jobs.job import BackgroundJob
from ..jobs.run_follower import Status
from ..layout.learning_curve import draw_curve
from ..layout.text import paragraph, picture
from ..wording import STATUS_WORDS
from .base import Sidebar, draw_settings

_LEARNERS = {choice.id: choice.label for choice in LEARNERS}


class AUTOSIMULATE_PT_presets(PresetPanel, bpy.types.Panel):
    """Presets of the Optimize settings."""

    bl_label = "Optimize Presets"
    preset_subdir = "autosimulate/optimize"
    preset_operator = "script.execute_preset"
    preset_add_operator = "autosimulate.preset_add"


class AUTOSIMULATE_PT_optimize(Sidebar, bpy.types.Panel):
    """Learning the distributions."""

    bl_label = "Optimize"
    bl_order = 5

    def draw_header_preset(self, _context):
        AUTOSIMULATE_PT_presets.draw_panel_header(self.layout)

    def draw(self, context):
        layout = self.layout
        job = table.job()
        if job is not None and job.scene == context.scene.name and not job.state.ended:
            _progress(layout, context, job)
            return
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        group = context.scene.autosimulate
        draw_settings(column, group, "optimize")
        if context.scene.render.engine != "CYCLES":
            paragraph(layout, context, iface_("Images are rendered by Cycles, whatever engine the scene uses"),
                      icon="INFO")
        row = layout.row()
        row.scale_y = 1.6
        row.operator("autosimulate.optimize", icon="PLAY")
        layout.operator("autosimulate.match", icon="IMAGE_REFERENCE")
        if job is not None and job.scene == context.scene.name:
            _ended(layout, context, job)
        else:
            row = layout.row(align=True)
            row.operator("autosimulate.attach", icon="LINKED")
            row.operator("autosimulate.attach", text="", icon="FILE_FOLDER").choose = True


def _progress(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
    state = job.state
    row = layout.row(align=True)
    row.scale_y = 1.3
    text = iface_("Stopping after this image") if state.status == Status.CANCELLING else \
        f"{iface_(PHASES.get(state.phase, state.phase))} {100 * state.fraction:.0f} %"
    row.progress(factor=state.fraction, text=text)
    row.operator("autosimulate.cancel", text="", icon="X").kind = job.kind
    column = layout.column(align=True)
    column.scale_y = 0.9
    if state.eta is not None:
        _pair(column, iface_("Time left"), duration(state.eta))
    if state.iterations:                                # counted from 0 in the events, from 1 for people
        _pair(column, iface_("Iteration"), iface_("{:d} of {:d}").format(
            min(state.iteration + 1, state.iterations), state.iterations))
    _pair(column, iface_("Images rendered"), str(state.images))
    if learner := _LEARNERS.get(state.learner):
        column.label(text=f"{iface_('Learner')}: {iface_(learner)}")
    _scores(layout, job)
    if state.metric is not None:
        draw_curve(layout, context, job)
    picture(layout, context, job.sheet_icons)
    for problem in state.problems[-2:]:
        paragraph(layout, context, wording.note(problem), icon="INFO")


def _scores(layout: bpy.types.UILayout, job: BackgroundJob) -> None:
    """The validation metric of the learned distributions beside the null control."""
    state = job.state
    if state.metric is None:                    # matching asks no network
        return
    grid = layout.column(align=True)
    grid.scale_y = 0.9
    _triple(grid, f"{iface_('Validation')} {state.metric_name}", iface_("now"), iface_("best"))
    _triple(grid, iface_("Learned (blue)"), percent(state.metric), percent(state.best_metric))
    if state.control_metric is not None:
        _triple(grid, iface_("Null control (grey)"), percent(state.control_metric),
                percent(state.best_control_metric))


def _ended(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
    state = job.state
    icon = "CHECKMARK" if state.status == Status.DONE else "INFO" if state.status == Status.CANCELLED else "ERROR"
    row = layout.row(align=True)
    row.label(text=f"{iface_('Last run')}: {iface_(STATUS_WORDS[state.status])}", icon=icon)
    if state.status != Status.DONE or state.left_out:
        row.operator("autosimulate.resume", text="", icon="FRAME_NEXT")
    row.operator("autosimulate.view_log", text="", icon="TEXT").kind = "OPTIMIZE"
    if state.error:
        paragraph(layout, context, state.error, icon="ERROR")
    _scores(layout, job)


def _pair(layout: bpy.types.UILayout, left: str, right: str) -> None:
    row = layout.split(factor=0.5)
    row.label(text=left)
    row.label(text=right)


def _triple(layout: bpy.types.UILayout, *texts: str) -> None:
    row = layout.split(factor=0.52)
    row.label(text=texts[0])
    rest = row.split(factor=0.5)
    for text in texts[1:]:
        rest.label(text=text)


class AUTOSIMULATE_PT_optimize_advanced(Sidebar, bpy.types.Panel):
    """Settings that the defaults are right for."""

    bl_label = "Advanced"
    bl_parent_id = "AUTOSIMULATE_PT_optimize"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return super().poll(context) and not table.running("OPTIMIZE")

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        group = context.scene.autosimulate
        draw_settings(layout, group, "advanced")


CLASSES = (AUTOSIMULATE_PT_presets, AUTOSIMULATE_PT_optimize, AUTOSIMULATE_PT_optimize_advanced)
