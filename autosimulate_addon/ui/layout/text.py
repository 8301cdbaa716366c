"""Sentences and pictures as wide as the sidebar."""

from __future__ import annotations

import textwrap

import bpy
from bpy.app.translations import pgettext_iface as iface_


def paragraph(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """A sentence, in Blender's language where we have it, over as many lines as the sidebar's width needs: labels do
    not wrap by themselves."""
    scale = context.preferences.system.ui_scale
    width = context.region.width if context.region is not None else 280 * scale
    characters = max(int((width / scale - (64 if icon != "NONE" else 44)) / 6.4), 16)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for i, line in enumerate(textwrap.wrap(iface_(text), characters)):
        column.label(text=line, translate=False, icon=icon if i == 0 else ("BLANK1" if icon != "NONE" else "NONE"))


#: Characters of a distribution that fit one line of a sidebar of usual width.
_LINE = 32


def distribution(column: bpy.types.UILayout, text: str, icon: str = "NONE") -> None:
    """psi in words; a long mean and spread, as vectors have them, below each other."""
    mean, sign, spread = text.partition(" ± ")
    if len(text) <= _LINE or not sign:
        column.label(text=text, icon=icon)
        return
    column.label(text=mean, icon=icon)
    column.label(text=f"± {spread}", icon="NONE" if icon == "NONE" else "BLANK1")


#: A sidebar narrower than this shows names alone, and labels above what they name.
_NARROW = 300
#: A picture is no wider than this, however wide the sidebar.
_WIDEST = 420


def narrow(context: bpy.types.Context) -> bool:
    """Whether there is no room for two things beside each other."""
    region = context.region
    return region is not None and region.width / context.preferences.system.ui_scale < _NARROW


def picture(layout: bpy.types.UILayout, context: bpy.types.Context, icons: tuple[int, ...]) -> None:
    """A picture as wide as the sidebar, of square icons side by side (``icons.show_wide``)."""
    if not icons:
        return
    scale = context.preferences.system.ui_scale
    region = context.region.width if context.region is not None else 280 * scale
    row = layout.row(align=True)
    row.alignment = "CENTER"
    for icon in icons:
        row.template_icon(icon_value=icon, scale=max((min(region / scale, _WIDEST) - 46) / 20, 4.0) / len(icons))
