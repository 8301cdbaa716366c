"""Opening the sidebar on our tab."""

from __future__ import annotations

import bpy

#: A sidebar has its tabs once it was drawn.
_AFTER_SECONDS = 0.1


class AUTOSIMULATE_OT_show_tab(bpy.types.Operator):
    """Open the sidebar on the AutoSimulate tab"""

    bl_idname = "autosimulate.show_tab"
    bl_label = "Show in Sidebar"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"

    def execute(self, context):
        context.space_data.show_region_ui = True
        bpy.app.timers.register(_choose, first_interval=_AFTER_SECONDS)
        return {"FINISHED"}


def _choose() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions if area.type == "VIEW_3D" else ():
                if region.type == "UI" and region.width > 1:
                    region.active_panel_category = "AutoSimulate"
                    region.tag_redraw()


CLASSES = (AUTOSIMULATE_OT_show_tab,)
