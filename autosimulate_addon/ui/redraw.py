"""Asks Blender to draw the sidebars and the status bar again."""

from __future__ import annotations

import bpy


def sidebars(viewports: bool = False) -> None:
    """Redraws every sidebar; the viewports beside them, which cost far more, only when they show something else."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI" or viewports:
                        region.tag_redraw()


def status_bars() -> None:
    """Redraws the status bars. They belong to no screen; what they listen to is the name of a view layer."""
    bpy.msgbus.publish_rna(key=(bpy.types.ViewLayer, "name"))
