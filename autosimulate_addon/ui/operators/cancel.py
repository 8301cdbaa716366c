"""Stopping a background job: one operator for the button and for Esc."""

from __future__ import annotations

import time
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.app.translations import pgettext_tip as tip_
from bpy.props import BoolProperty, EnumProperty

from ...protocol import InputError
from .. import monitor, reasons
from ..jobs import table
from ..jobs.job import KINDS
from ..jobs.run_follower import Status
from .base import attempt

#: The job that Esc stops: the first of these that runs and was not yet asked to stop.
_ORDER = ("OPTIMIZE", "PREVIEW", "GENERATE")
_KEPT = {"OPTIMIZE": "Stop after the current image and keep the best distributions found so far (Esc)",
         "PREVIEW": "Stop after the current image and show the samples that are rendered (Esc)",
         "GENERATE": "Stop after the current image and keep those that are rendered (Esc)"}
#: Esc ends a playback and goes on to others: seconds after which it is another press of the key.
_SAME_KEY = 0.3

_playback_ended = 0.0


class AUTOSIMULATE_OT_cancel(bpy.types.Operator):
    """Stop what is running in the background after the current image, and keep what there is"""

    bl_idname = "autosimulate.cancel"
    bl_label = "Cancel"
    bl_options = {"REGISTER"}

    kind: EnumProperty(name="Job", description="Which job to stop", items=(
        ("ANY", "Any", "The optimization if one is running, else what makes pictures"), *KINDS),
        default="ANY", options={"SKIP_SAVE"})
    anywhere: BoolProperty(name="Anywhere", description="Whether Esc asks where it is not over the AutoSimulate tab",
                           options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        # Where this says no, Blender passes Esc on to whatever else is under the mouse.
        return reasons.allowed(cls, context, lambda _: "" if any(map(table.running, _ORDER)) else "Nothing is running")

    @classmethod
    def description(cls, _context, properties):
        return tip_(_KEPT.get(properties.kind, cls.__doc__))

    def invoke(self, context, event):
        """Esc stops at once over the AutoSimulate tab; elsewhere it may be meant for something else, so it asks."""
        if event.type != "ESC":
            return self.execute(context)
        kind = next_to_stop()
        if kind and over_tab(context.region):
            return self.execute(context)
        if not kind or not self.anywhere or time.monotonic() - _playback_ended < _SAME_KEY:
            return {"PASS_THROUGH"}
        name = next(name for key, name, _ in KINDS if key == kind)
        return context.window_manager.invoke_confirm(self, event, title=f"Stop: {name}?", message=_KEPT[kind],
                                                     confirm_text="Stop")

    def execute(self, context):
        def work():
            kind = next_to_stop() if self.kind == "ANY" else self.kind
            if not kind or not table.running(kind):
                raise InputError("This is not running")
            monitor.cancel(kind)
            return "Stopping after the current image; what there is so far is kept"

        return attempt(self, work)


def over_tab(region: bpy.types.Region | None) -> bool:
    """Whether a region is a sidebar that shows the AutoSimulate tab."""
    return region is not None and region.type == "UI" and \
        getattr(region, "active_panel_category", "") == "AutoSimulate"


def next_to_stop() -> str:
    """The job that is to be stopped where none was named; "" where none is left."""
    running = [kind for kind in _ORDER if table.running(kind)]
    return next((kind for kind in running if table.job(kind).state.status != Status.CANCELLING), "")


@persistent
def _on_playback_end(*_: Any) -> None:
    global _playback_ended
    _playback_ended = time.monotonic()


def register() -> None:
    bpy.app.handlers.animation_playback_post.append(_on_playback_end)


def unregister() -> None:
    bpy.app.handlers.animation_playback_post.remove(_on_playback_end)


CLASSES = (AUTOSIMULATE_OT_cancel,)
