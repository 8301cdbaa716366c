"""The validation metric's curve as a picture, with what its axes span."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..jobs.job import BackgroundJob
from .text import picture


def draw_curve(layout: bpy.types.UILayout, context: bpy.types.Context, job: BackgroundJob) -> None:
    """The learned distributions' curve and the null control's, of a job that has iterations."""
    state = job.state
    picture(layout, context, job.curve_icons)
    low, high = job.curve_range
    row = layout.row()
    row.scale_y = 0.8
    row.label(text=f"{state.metric_name} {100 * low:.0f} – {100 * high:.0f} %")
    right = row.row()
    right.alignment = "RIGHT"
    right.label(text=iface_("0 – {:d} images").format(state.curve[-1].images))
