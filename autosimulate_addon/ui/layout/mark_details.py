"""One learnable property in full: in the sidebar, and in the dialog of Edit Distribution."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...blender.marks import editing, learned, presence
from ...protocol import CONTINUOUS
from .. import panel_data
from .text import distribution, paragraph, picture


def draw_mark(layout: bpy.types.UILayout, context: bpy.types.Context, mark) -> None:
    """Picture, psi, targets and settings of one AUTOSIMULATE_PG_mark."""
    row = panel_data.row(context.scene, mark.name)
    if row.problem and row.problem != panel_data.get(context.scene).problem:    # that one stands above already
        paragraph(layout, context, row.problem, icon="ERROR")
    if len(row.picture) > 1:                            # a square for each component, over the whole width
        picture(layout, context, row.picture)
        axes = layout.column(align=True)
        axes.scale_y = 0.7
        for letter, axis in zip(_letters(mark), row.axes, strict=False):
            axes.label(text=iface_("{:s} shown: {:s}").format(letter, axis))
        shown = layout.column(align=True)
        shown.scale_y = 0.8
        distribution(shown, row.full)
        _targets(layout, mark, row.targets)
    else:
        line = layout.row()
        for icon in row.picture:
            line.template_icon(icon_value=icon, scale=4.0)
        column = line.column()
        if row.full:
            column.label(text=row.full)
        for axis in row.axes:
            column.label(text=iface_("shown: {:s}").format(axis))
        _targets(column, mark, row.targets)
    if mark.name in panel_data.get(context.scene).pending:
        paragraph(layout, context, iface_("As the run has it now: Keep or Discard it under Results to change it here"),
                  icon="INFO")
        return                                          # the fields are the scene's, which the run has not changed yet
    if learned.learned(mark, "mean") or learned.learned(mark, "p"):
        _start(layout, context, mark, row)
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    if mark.kind == "PROPERTY" and (row.problem or len(editing.families(mark)) > 1):
        column.prop(mark, "shown_family")
    if mark.family.lower() in CONTINUOUS:
        _numbers(column, mark, row.unit)
    else:
        _choices(layout, mark, row.chooses)


def _start(layout: bpy.types.UILayout, context: bpy.types.Context, mark, row: panel_data.Row) -> None:
    """What is learned stands in the fields; here where it began, and the way back."""
    line = layout.row(align=True)
    line.label(text=iface_("Learned"), icon="CHECKMARK")
    line.operator("autosimulate.reset", text="", icon="LOOP_BACK").name = mark.name
    if row.start:
        start = layout.column()
        start.active = False
        paragraph(start, context, iface_("The start was {:s}").format(row.start))


def _targets(layout: bpy.types.UILayout, mark, names: tuple[tuple[int, str, bool], ...]) -> None:
    """The properties that draw from it, as ``panel_data`` worked out, each with a way to take it out."""
    if mark.kind == "FILM":
        return
    column = layout.column(align=True)
    column.scale_y = 0.85
    count = len(presence.entries_of(mark))
    for index, name, there in names:
        row = column.row(align=True)
        row.label(text=name, icon="DOT" if there else "ERROR")
        if count > 1:
            row.operator("autosimulate.target_remove", text="", icon="X", emboss=False).index = index
    if names and count > len(names):
        column.label(text=iface_("and {:d} more").format(count - len(names)), icon="BLANK1")


def _letters(mark) -> str:
    return "RGBA" if mark.targets and "color" in mark.targets[0].path.lower() else "XYZW"


def _numbers(column: bpy.types.UILayout, mark, unit: str) -> None:
    letters = _letters(mark)
    suffix = f" ({unit})" if unit and unit not in editing.UNITS else ""

    def fields(name: str, label: str) -> None:
        group = column.column(align=True)
        for i in range(mark.size):
            text = label + suffix if mark.size == 1 else f"{label} {letters[i]}{suffix}" if i == 0 else letters[i]
            group.prop(mark, editing.field(name, unit), index=i, text=text)

    fields("mean", iface_("Mean", editing.CONTEXT))
    fields("std", iface_("Spread", editing.CONTEXT))
    for use, name, label in (("use_low", "low", iface_("Low")), ("use_high", "high", iface_("High"))):
        if mark.family != "BOUNDED":                    # this family is nothing without limits
            column.prop(mark, use)
        if mark.family == "BOUNDED" or getattr(mark, use):
            fields(name, label)


def _choices(layout: bpy.types.UILayout, mark, chooses: str) -> None:
    column = layout.column(align=True)
    for i, item in enumerate(mark.items):
        row = column.row(align=True)
        block = item.material or item.id
        if block is not None:
            row.prop(item, "shown_p", text=block.name, slider=True)
        elif mark.kind == "STATE":
            row.prop(item, "name", text="")
            row.prop(item, "shown_p", text="", slider=True)
        else:
            row.prop(item, "shown_p", text=item.name, slider=True)
        if mark.family != "BERNOULLI":
            row.operator("autosimulate.choice_remove", text="", icon="X").index = i
    if mark.family == "INTEGER":
        column.operator("autosimulate.choice_add", icon="ADD")
    if mark.kind == "STATE":
        column.operator("autosimulate.capture_state", icon="ADD")
    if chooses:
        column.operator("autosimulate.choice_add_block", text="Add Choice...", icon="ADD")
        column.operator("autosimulate.choice_add_assets", icon="ASSET_MANAGER")
        column.operator("autosimulate.choice_add_file", text="Add Assets of a File...", icon="FILE_BLEND")
