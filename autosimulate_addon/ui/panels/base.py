"""What the panels share."""

from __future__ import annotations

import textwrap

import bpy

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
            layout.prop(group, setting.name)


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """A sentence over as many lines as the sidebar's width needs: labels do not wrap by themselves."""
    scale = context.preferences.system.ui_scale
    width = context.region.width if context.region is not None else 280 * scale
    characters = max(int((width / scale - (64 if icon != "NONE" else 44)) / 6.4), 16)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for i, line in enumerate(textwrap.wrap(text, characters)):
        column.label(text=line, icon=icon if i == 0 else ("BLANK1" if icon != "NONE" else "NONE"))


def picture(layout: bpy.types.UILayout, context: bpy.types.Context, icons: tuple[int, ...]) -> None:
    """A picture as wide as the sidebar, of square icons side by side (``icons.show_wide``)."""
    if not icons:
        return
    scale = context.preferences.system.ui_scale
    region = context.region.width if context.region is not None else 280 * scale
    row = layout.row(align=True)
    row.alignment = "CENTER"
    for icon in icons:
        row.template_icon(icon_value=icon, scale=max((region / scale - 46) / 20, 4.0) / len(icons))
