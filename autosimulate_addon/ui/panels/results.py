"""Results: what to do with what was learned, and what it is worth. What else a run found is below, in ``found``."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...run.report import matching
from .. import panel_data, wording
from ..jobs import results as run_results
from ..jobs import table
from ..jobs.job import BackgroundJob
from ..jobs.run_follower import Status
from ..layout.job_row import job_row
from ..layout.text import paragraph
from .base import Sidebar

#: What the comparison means for who has to decide.
_VERDICTS = {"BETTER": ("CHECKMARK", "Better than the start: worth keeping"),
             "LEVEL": ("INFO", "Level with the start: more iterations or images may tell"),
             "WORSE": ("ERROR", "Not better than the start: discard it, or learn with more iterations or images")}


class AUTOSIMULATE_PT_results(Sidebar, bpy.types.Panel):
    """Keep or discard, and pictures from the distributions: the buttons first, what is only read after them."""

    bl_label = "Results"
    bl_order = 6

    def draw(self, context):
        layout = self.layout
        job = table.job()
        ended = job is not None and job.scene == context.scene.name and job.state.ended
        if ended:
            self._decide(layout, context, job)
        data = panel_data.get(context.scene)
        if not data.changes and job is None:
            layout.label(text="Nothing learned yet", icon="INFO")
        column = layout.column(align=True)
        row = column.row(align=True)
        row.operator("autosimulate.apply_mean", icon="CON_TRANSFORM")
        row.operator("autosimulate.draw_sample", icon="FILE_REFRESH")
        if data.learned - data.pending:
            column.operator("autosimulate.reset", icon="LOOP_BACK")
        if not job_row(column, context, table.job("PREVIEW")):
            column.operator("autosimulate.sample_sheet", icon="IMAGE_DATA")
        if ended:
            self._worth(layout, context, job)

    @staticmethod
    def _decide(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
        row = layout.row(align=True)
        row.scale_y = 1.2
        row.operator("autosimulate.keep", icon="CHECKMARK")
        row.operator("autosimulate.discard", icon="LOOP_BACK")
        decision = run_results.decision(context.scene, job)
        if decision:
            layout.label(text="Kept in the scene" if decision == "KEPT" else "Discarded: as before the run",
                         icon="CHECKMARK" if decision == "KEPT" else "LOOP_BACK")

    @staticmethod
    def _worth(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
        """What it was worth, in one sentence, and where the rest is to be read."""
        icon, text = _VERDICTS.get(wording.verdict(job.state.numbers), ("NONE", ""))
        if text:
            paragraph(layout, context, iface_(text), icon=icon)
        matched = job.state.numbers.match
        if matched and (sizes := matching.sizes(matched.areas)):
            paragraph(layout, context, sizes, icon="ERROR")
        if job.state.status == Status.DONE:
            row = layout.row(align=True)
            row.operator("autosimulate.open", text="Report", icon="URL").what = "REPORT"
            row.operator("autosimulate.open", text="Folder", icon="FILE_FOLDER").what = "FOLDER"


CLASSES = (AUTOSIMULATE_PT_results,)
