"""What the panels share."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...blender.marks import properties, settings
from ...protocol.settings import by_name


class Sidebar:
    """Mix-in: a panel of the AutoSimulate tab in the 3D viewport's sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "AutoSimulate"

    @classmethod
    def poll(cls, context):
        return context.scene is not None and properties.registered()


def draw_settings(layout: bpy.types.UILayout, group: bpy.types.PropertyGroup, panel: str) -> None:
    """The settings of one panel, in the order of their table, as far as they say anything beside the others."""
    rows = by_name()
    for setting in rows.values():
        if setting.panel == panel and settings.applies(group, setting, rows):
            automatic = setting.default is None and setting.kind is not str and not getattr(group, setting.name) \
                and not setting.choices
            layout.prop(group, setting.name, text=f"{iface_(setting.label)} (0: auto)" if automatic else setting.label)
