"""What a run found, to be read below the buttons: what moved, and in closed panels the rest."""

from __future__ import annotations

import math

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...protocol.numbers import Row
from ...protocol.words import percent
from ...run.report import agreement, matching
from ...run.report.verdict import opening, row_name
from .. import panel_data, wording
from ..jobs import table
from ..jobs.job import BackgroundJob
from ..layout.learning_curve import draw_curve
from ..layout.text import distribution, paragraph, picture
from .base import Sidebar


def _ended(context: bpy.types.Context) -> BackgroundJob | None:
    """This scene's run, once it has ended."""
    job = table.job()
    return job if job is not None and job.scene == context.scene.name and job.state.ended else None


class _Found(Sidebar):
    """Mix-in: a sub-panel of Results that is there when the ended run has what it shows (``has``)."""

    bl_parent_id = "AUTOSIMULATE_PT_results"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        job = _ended(context) if super().poll(context) else None
        return job is not None and cls.has(job)


class AUTOSIMULATE_PT_comparison(_Found, bpy.types.Panel):
    """The final comparison: networks trained afresh on images from the start and from the learned distributions."""

    bl_label = "Comparison"
    bl_order = 2
    bl_options = set()

    @staticmethod
    def has(job: BackgroundJob) -> bool:
        return bool(job.state.numbers.rows)

    def draw(self, context):
        layout, numbers = self.layout, _ended(context).state.numbers
        if wording.verdict(numbers):
            paragraph(layout, context, opening(numbers))
        column = layout.column(align=True)
        column.scale_y = 0.85
        column.label(text=iface_("Fresh networks: {:s}, {:s} images").format(
            numbers.metric_name or "mIoU", numbers.split))
        for name, row in numbers.rows.items():
            line = column.split(factor=0.6)
            line.label(text=iface_(row_name(name, numbers.rows).capitalize()))
            spread = Row.spread(row.metrics)
            line.label(text=percent(row.metric) if math.isnan(spread) else
                       f"{100 * row.metric:.1f} ± {100 * spread:.1f} %")


class AUTOSIMULATE_PT_changes(Sidebar, bpy.types.Panel):
    """The distributions before and after: what moved, and that the rest did not."""

    bl_label = "Before and After"
    bl_parent_id = "AUTOSIMULATE_PT_results"
    bl_order = 3

    @classmethod
    def poll(cls, context):
        return super().poll(context) and bool(panel_data.get(context.scene).changes)

    def draw(self, context):
        data, job = panel_data.get(context.scene), table.job()
        # by name, what of it is told from chance
        sure = wording.sure(job.state.numbers.agreement) if data.pending and job is not None else {}
        column = self.layout.column(align=True)
        column.scale_y = 0.85
        for name, before, after in data.changes:
            if before == after:
                continue
            column.label(text=wording.mark_name(name), icon="DOT")
            old = column.column(align=True)
            old.active = False
            distribution(old, before or iface_("start"), "BLANK1")
            distribution(column, after, "FORWARD")
            if name in sure:
                note = column.column(align=True)
                note.active = False
                note.label(text=sure[name], icon="BLANK1")
        same = [name for name, before, after in data.changes if before == after]
        if same:
            text = iface_("{:s}: as before") if len(same) == 1 else iface_("Nothing moved: all {:d} are as before") \
                if len(same) == len(data.changes) else iface_("{:d} others: as before")
            column.label(text=text.format(wording.mark_name(same[0]) if len(same) == 1 else len(same)), icon="DOT")


class AUTOSIMULATE_PT_certainty(_Found, bpy.types.Panel):
    """How sure the run is of where it went."""

    bl_label = "Certainty"
    bl_order = 4

    @staticmethod
    def has(job: BackgroundJob) -> bool:
        return job.state.numbers.agreement is not None

    def draw(self, context):
        found = _ended(context).state.numbers.agreement
        for icon, text in (("ORIENTATION_GIMBAL", agreement.told(found)), ("BLANK1", agreement.cosines(found))):
            if text:
                paragraph(self.layout, context, text, icon=icon)


class AUTOSIMULATE_PT_matched(_Found, bpy.types.Panel):
    """How near matching brought renders and photographs, what is left, and samples before and after."""

    bl_label = "Matching"
    bl_order = 5

    @staticmethod
    def has(job: BackgroundJob) -> bool:
        return job.state.numbers.match is not None

    def draw(self, context):
        layout, job = self.layout, _ended(context)
        matched = job.state.numbers.match
        paragraph(layout, context, matching.nearer(matched), icon="IMAGE_REFERENCE")
        paragraph(layout, context, matching.left(matched), icon="BLANK1")
        if matched.unheard:
            paragraph(layout, context, matching.needed(matched.unheard), icon="BLANK1")
        for which, title in (("start", "Before"), ("end", "After")):
            if job.sheet_of(which):
                layout.label(text=title)
                picture(layout, context, job.sheet_of(which))


class AUTOSIMULATE_PT_predictions(_Found, bpy.types.Panel):
    """What the networks of the final comparison see in validation images."""

    bl_label = "Predictions"
    bl_order = 6

    @staticmethod
    def has(job: BackgroundJob) -> bool:
        return bool(job.sheet_of("predictions"))

    def draw(self, context):
        paragraph(self.layout, context, iface_("Validation images, their labels, what a network sees before and after"),
                  icon="IMAGE_DATA")
        picture(self.layout, context, _ended(context).sheet_of("predictions"))


class AUTOSIMULATE_PT_curve(_Found, bpy.types.Panel):
    """The validation metric over the rendered images, beside the null control."""

    bl_label = "Learning Curve"
    bl_order = 7

    @staticmethod
    def has(job: BackgroundJob) -> bool:
        return job.state.metric is not None

    def draw(self, context):
        draw_curve(self.layout, context, _ended(context))


class AUTOSIMULATE_PT_notes(_Found, bpy.types.Panel):
    """What the run noticed on its way."""

    bl_label = "Notes"
    bl_order = 8

    @staticmethod
    def has(job: BackgroundJob) -> bool:
        return bool(job.state.problems)

    def draw(self, context):
        for problem in _ended(context).state.problems:
            paragraph(self.layout, context, wording.note(problem), icon="INFO")


CLASSES = (AUTOSIMULATE_PT_comparison, AUTOSIMULATE_PT_changes, AUTOSIMULATE_PT_certainty, AUTOSIMULATE_PT_matched,
           AUTOSIMULATE_PT_predictions, AUTOSIMULATE_PT_curve, AUTOSIMULATE_PT_notes)
