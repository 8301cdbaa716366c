"""Network: what is trained."""

from __future__ import annotations

import bpy

from .base import Sidebar, draw_settings


class AUTOSIMULATE_PT_network(Sidebar, bpy.types.Panel):
    """The network that the rendered images train."""

    bl_label = "Network"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        group = context.scene.autosimulate
        draw_settings(layout, group, "network")


CLASSES = (AUTOSIMULATE_PT_network,)
