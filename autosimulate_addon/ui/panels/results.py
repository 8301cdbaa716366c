"""Results: what was learned, and what to do with it."""

from __future__ import annotations

import math

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...protocol.numbers import Agreement, Numbers, Row
from ...protocol.words import duration, percent
from ...run.report import agreement, matching
from ...run.report.verdict import opening, row_name
from .. import panel_data, wording
from ..jobs import results as run_results
from ..jobs import table
from ..jobs.job import BackgroundJob
from ..jobs.run_follower import RunState, Status
from ..layout.text import paragraph, picture
from .base import Sidebar

#: Characters of a distribution that fit one line of a sidebar of usual width.
_LINE = 32


class AUTOSIMULATE_PT_results(Sidebar, bpy.types.Panel):
    """The learned distributions, before and after."""

    bl_label = "Results"
    bl_order = 6

    def draw(self, context):
        layout = self.layout
        job = table.job()
        if job is not None and job.scene == context.scene.name and job.state.ended:
            self._run(layout, context, job)
        data = panel_data.get(context.scene)
        if data.changes:
            sure = wording.sure(job.state.numbers.agreement) if data.pending and job is not None else {}
            self._changes(layout, data.changes, sure)
        elif not len(context.scene.autosimulate.marks) or job is None:
            layout.label(text="Nothing learned yet", icon="INFO")
        column = layout.column(align=True)
        row = column.row(align=True)
        row.operator("autosimulate.apply_mean", icon="CON_TRANSFORM")
        row.operator("autosimulate.draw_sample", icon="FILE_REFRESH")
        if data.learned - data.pending:
            column.operator("autosimulate.reset", icon="LOOP_BACK")

    @staticmethod
    def _run(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
        row = layout.row(align=True)
        row.scale_y = 1.2
        row.operator("autosimulate.keep", icon="CHECKMARK")
        row.operator("autosimulate.discard", icon="LOOP_BACK")
        decision = run_results.decision(context.scene, job)
        if decision:
            layout.label(text="Kept in the scene" if decision == "KEPT" else "Discarded: as before the run",
                         icon="CHECKMARK" if decision == "KEPT" else "LOOP_BACK")
        if job.state.status == Status.DONE:
            row = layout.row(align=True)
            row.operator("autosimulate.open", text="Report", icon="URL").what = "REPORT"
            row.operator("autosimulate.open", text="Folder", icon="FILE_FOLDER").what = "FOLDER"
        _numbers(layout, context, job.state.numbers)
        if job.sheet_of("predictions"):
            paragraph(layout, context, iface_("Validation images, their labels, what a network sees before and after"),
                      icon="IMAGE_DATA")
            picture(layout, context, job.sheet_of("predictions"))
        _certainty(layout, context, job.state.numbers.agreement)
        _matched(layout, context, job)

    @staticmethod
    def _changes(layout: bpy.types.UILayout, changes, sure: dict[str, str]) -> None:
        """What moved with before and after, in as many lines as a narrow sidebar needs; what did not, in one line.

        ``sure``: by name, what of it is told from chance.
        """
        column = layout.column(align=True)
        column.scale_y = 0.85
        for name, before, after in changes:
            if before == after:
                continue
            column.label(text=wording.mark_name(name), icon="DOT")
            old = column.column(align=True)
            old.active = False
            _lines(old, before or iface_("start"), "BLANK1")
            _lines(column, after, "FORWARD")
            if name in sure:
                note = column.column(align=True)
                note.active = False
                note.label(text=sure[name], icon="BLANK1")
        same = [name for name, before, after in changes if before == after]
        if same:
            text = iface_("{:s}: as before") if len(same) == 1 else iface_("Nothing moved: all {:d} are as before") \
                if len(same) == len(changes) else iface_("{:d} others: as before")
            column.label(text=text.format(wording.mark_name(same[0]) if len(same) == 1 else len(same)), icon="DOT")


def _lines(column: bpy.types.UILayout, text: str, icon: str) -> None:
    """A long mean and spread, as vectors have them, below each other."""
    mean, sign, spread = text.partition(" ± ")
    if len(text) <= _LINE or not sign:
        column.label(text=text, icon=icon)
        return
    column.label(text=mean, icon=icon)
    column.label(text=f"± {spread}", icon="BLANK1")


def _matched(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
    """How near matching brought renders and photographs, what is left, and samples before and after."""
    matched = job.state.numbers.match
    if matched is None:
        return
    paragraph(layout, context, matching.nearer(matched), icon="IMAGE_REFERENCE")
    paragraph(layout, context, matching.left(matched), icon="BLANK1")
    if matched.unheard:
        paragraph(layout, context, matching.needed(matched.unheard), icon="BLANK1")
    for which, title in (("start", "Before"), ("end", "After")):
        if job.sheet_of(which):
            layout.label(text=title)
            picture(layout, context, job.sheet_of(which))


#: What the comparison means for who has to decide.
_VERDICTS = {"BETTER": ("CHECKMARK", "Better than the start: worth keeping"),
             "LEVEL": ("INFO", "Level with the start: more iterations or images may tell"),
             "WORSE": ("ERROR", "Not better than the start: discard it, or learn with more iterations or images")}


def _numbers(layout: bpy.types.UILayout, context: bpy.types.Context, numbers: Numbers) -> None:
    """The final comparison: networks trained afresh on images from the start and from the learned distributions."""
    if not numbers.rows:
        return
    verdict = wording.verdict(numbers)
    icon, text = _VERDICTS.get(verdict, ("NONE", ""))
    if verdict:
        paragraph(layout, context, opening(numbers), icon=icon)
    column = layout.column(align=True)
    column.scale_y = 0.85
    column.label(text=iface_("Fresh networks: {:s}, {:s} images").format(numbers.metric_name or "mIoU", numbers.split))
    for name, row in numbers.rows.items():
        line = column.split(factor=0.55)
        line.label(text=iface_(row_name(name, numbers.rows).capitalize()), icon="BLANK1")
        spread = Row.spread(row.metrics)
        line.label(text=percent(row.metric) if math.isnan(spread) else
                   f"{100 * row.metric:.1f} ± {100 * spread:.1f} %")
    if verdict:
        paragraph(layout, context, iface_(text), icon="BLANK1")


def _certainty(layout: bpy.types.UILayout, context: bpy.types.Context, found: Agreement | None) -> None:
    """How sure the run is of where it went."""
    if found is None:
        return
    for icon, text in (("ORIENTATION_GIMBAL", agreement.told(found)), ("BLANK1", agreement.cosines(found))):
        if text:
            paragraph(layout, context, text, icon=icon)


class AUTOSIMULATE_PT_samples(Sidebar, bpy.types.Panel):
    """Pictures drawn from the distributions."""

    bl_label = "Sample Sheet"
    bl_parent_id = "AUTOSIMULATE_PT_results"
    bl_order = 0

    def draw(self, context):
        layout = self.layout
        job = table.job("PREVIEW")
        if not _job_row(layout, context, job):
            layout.operator("autosimulate.sample_sheet", icon="IMAGE_DATA")
        if job is not None and job.sheet_icons:
            if job.state.ended and job.made_from and job.made_from != repr(panel_data.get(context.scene).psi):
                paragraph(layout, context, iface_("Of distributions that are others now"), icon="INFO")
            picture(layout, context, job.sheet_icons)
            layout.operator("autosimulate.open_sheet", icon="IMAGE")


class AUTOSIMULATE_PT_generate(Sidebar, bpy.types.Panel):
    """Labelled images drawn from the distributions."""

    bl_label = "Generate Dataset"
    bl_parent_id = "AUTOSIMULATE_PT_results"
    bl_order = 1

    def draw(self, context):
        layout = self.layout
        job = table.job("GENERATE")
        if _job_row(layout, context, job):
            return
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        group = context.scene.autosimulate
        column.prop(group, "dataset_count")
        column.prop(group, "width")
        column.prop(group, "height")
        column.prop(context.scene.autosimulate, "dataset_dir")
        layout.operator("autosimulate.generate", icon="RENDERLAYERS")
        status = job.state.status if job is not None else None
        if status == Status.DONE or (status == Status.CANCELLED and job.state.images):
            row = layout.row()
            if status == Status.DONE:
                row.label(text="Data set written", icon="CHECKMARK")
            else:
                row.label(text="Data set so far", icon="IMAGE_DATA")
            row.operator("autosimulate.open", text="", icon="FILE_FOLDER").what = "DATASET"


def _job_row(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob | None) -> bool:
    """Progress and cancel while a job runs (True); what went wrong afterwards."""
    if job is None:
        return False
    state = job.state
    if not state.ended:
        row = layout.row(align=True)
        row.scale_y = 1.3
        row.progress(factor=state.fraction, text=_bar_text(state))
        row.operator("autosimulate.cancel", text="", icon="X").kind = job.kind
        row = layout.row()
        row.scale_y = 0.9
        row.label(text=iface_("{:d} of {:d} images").format(state.images, job.total))
        if state.eta is not None:
            right = row.row()
            right.alignment = "RIGHT"
            right.label(text=iface_("{:s} left").format(duration(state.eta)))
        return True
    if state.status == Status.CANCELLED:
        paragraph(layout, context, _kept(job), icon="INFO")
    if state.error:
        paragraph(layout, context, state.error, icon="ERROR")
        layout.operator("autosimulate.view_log", icon="TEXT").kind = job.kind
    return False


def _bar_text(state: RunState) -> str:
    if state.status == Status.STARTING:
        return iface_("Starting")
    if state.status == Status.CANCELLING:
        return iface_("Stopping after this image")
    return f"{iface_('Rendering')} {100 * state.fraction:.0f} %"


def _kept(job: BackgroundJob) -> str:
    """What a stopped job leaves, in one sentence."""
    if not job.state.images:
        return iface_("Stopped before the first image was rendered")
    if job.kind == "PREVIEW":
        return iface_("Stopped: the sheet shows {:d} of {:d} samples").format(
            job.state.images, job.total)
    text = iface_("Stopped: {:d} of {:d} images are kept, and Generate Dataset goes on with the rest")
    return text.format(job.state.images, job.total)


CLASSES = (AUTOSIMULATE_PT_results, AUTOSIMULATE_PT_samples, AUTOSIMULATE_PT_generate)
