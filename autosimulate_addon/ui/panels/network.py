"""Network: what is trained."""

from __future__ import annotations

import bpy

from .base import Sidebar


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
        layout.prop(group, "network")
        if group.network == "UNET":
            layout.prop(group, "network_width")
        elif group.network == "MODULE":
            layout.prop(group, "network_module")
        layout.prop(group, "frozen_layers")
        layout.prop(group, "device")


CLASSES = (AUTOSIMULATE_PT_network,)
