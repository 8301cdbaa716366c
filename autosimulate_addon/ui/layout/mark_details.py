"""One learnable property in full: in the sidebar, and in the dialog of Edit Distribution."""

from __future__ import annotations

import bpy

from .. import panel_data
from .text import paragraph, picture

CONTINUOUS = {"NORMAL", "LOGNORMAL", "BOUNDED"}


def draw_mark(layout: bpy.types.UILayout, context: bpy.types.Context, mark) -> None:
    """Picture, psi, targets and settings of one AUTOSIMULATE_PG_mark."""
    row = panel_data.row(context.scene, mark.name)
    if row.problem:
        paragraph(layout, context, row.problem, icon="ERROR")
    if len(row.picture) > 1:                            # a square for each component, over the whole width
        picture(layout, context, row.picture)
        layout.label(text=row.full)
        _targets(layout, mark, row.targets)
    else:
        line = layout.row()
        for icon in row.picture:
            line.template_icon(icon_value=icon, scale=4.0)
        column = line.column()
        if row.full:
            column.label(text=row.full)
        _targets(column, mark, row.targets)
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    if mark.kind == "PROPERTY" and mark.family in CONTINUOUS:
        column.prop(mark, "family")
    if mark.family in CONTINUOUS:
        _numbers(column, mark)
    else:
        _choices(layout, mark)


def _targets(layout: bpy.types.UILayout, mark, names: tuple[str, ...]) -> None:
    """The properties that draw from it, by the names that ``panel_data`` worked out."""
    if mark.kind == "FILM":
        return
    targets = list(mark.items[0].values if mark.kind == "STATE" and len(mark.items) else mark.targets)
    column = layout.column(align=True)
    column.scale_y = 0.85
    for i, target in enumerate(targets[:panel_data.LISTED]):
        name = "deleted" if target.id is None else names[i] if i < len(names) else f"{target.id.name}  {target.path}"
        column.label(text=name, icon="DOT" if target.id else "ERROR")
    if len(targets) > panel_data.LISTED:
        column.label(text=f"and {len(targets) - panel_data.LISTED} more", icon="BLANK1")


def _numbers(column: bpy.types.UILayout, mark) -> None:
    letters = "RGBA" if mark.targets and "color" in mark.targets[0].path.lower() else "XYZW"
    for name, label in (("mean", "Mean"), ("std", "Spread")):
        group = column.column(align=True)
        for i in range(mark.size):
            text = label if mark.size == 1 else f"{label} {letters[i]}" if i == 0 else letters[i]
            group.prop(mark, name, index=i, text=text)
    always = mark.family == "BOUNDED"                   # this family is nothing without limits
    for use, name, label in (("use_low", "low", "Low"), ("use_high", "high", "High")):
        if not always:
            column.prop(mark, use)
        if always or getattr(mark, use):
            group = column.column(align=True)
            for i in range(mark.size):
                text = label if mark.size == 1 else f"{label} {letters[i]}" if i == 0 else letters[i]
                group.prop(mark, name, index=i, text=text)


def _choices(layout: bpy.types.UILayout, mark) -> None:
    column = layout.column(align=True)
    for i, item in enumerate(mark.items):
        row = column.row(align=True)
        if mark.kind == "MATERIAL" and item.material is not None:
            row.prop(item, "p", text=item.material.name, slider=True, icon_value=0)
        elif mark.kind == "STATE":
            row.prop(item, "name", text="")
            row.prop(item, "p", text="", slider=True)
        else:
            row.prop(item, "p", text=item.name, slider=True)
        if mark.family != "BERNOULLI":
            row.operator("autosimulate.choice_remove", text="", icon="X").index = i
    if mark.family == "INTEGER":
        column.operator("autosimulate.choice_add", icon="ADD")
    if mark.kind == "STATE":
        column.operator("autosimulate.capture_state", icon="ADD")
