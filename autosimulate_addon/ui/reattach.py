"""A file that is opened while its run goes on is attached to it again, by itself."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..blender.marks import properties
from ..protocol import AutoSimulateError
from . import redraw
from .operators.optimize import attach_to_running

#: Once the window shows the file.
_AFTER_SECONDS = 0.5


def _attach() -> None:
    if not properties.registered():
        return
    for window in bpy.context.window_manager.windows:
        try:
            if attach_to_running(window.scene):
                redraw.sidebars()
                return
        except (AutoSimulateError, OSError):
            continue                                    # the button says why


@persistent
def _on_load(*_: Any) -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_attach):
        bpy.app.timers.register(_attach, first_interval=_AFTER_SECONDS)


def register() -> None:
    bpy.app.handlers.load_post.append(_on_load)
    _on_load()                                          # Blender may have opened a file before the add-on was enabled


def unregister() -> None:
    bpy.app.handlers.load_post.remove(_on_load)
    if bpy.app.timers.is_registered(_attach):
        bpy.app.timers.unregister(_attach)
