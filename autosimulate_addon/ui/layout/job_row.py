"""How a job that makes pictures stands: its progress while it runs, what became of it afterwards."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...protocol.words import duration
from ..jobs.job import BackgroundJob
from ..jobs.run_follower import RunState, Status
from .text import paragraph


def job_row(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob | None) -> bool:
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
