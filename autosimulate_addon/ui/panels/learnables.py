"""Learnable Properties: the list, one-click rows, and the selected one's details."""

from __future__ import annotations

import bpy

from ...protocol import FAMILIES
from .. import panel_data, wording
from ..layout.mark_details import draw_mark
from ..layout.text import narrow, paragraph
from ..operators.mark_list import is_solo
from .base import Sidebar


class AUTOSIMULATE_UL_marks(bpy.types.UIList):
    """One row a learnable property: picture of its distribution, name, psi, lock, on or off."""

    def draw_item(self, context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flag=0):
        row = panel_data.row(context.scene, item.name)
        line = layout.row(align=True)
        line.active = item.enabled
        slim = narrow(context)                          # the value stands below, in the selected one's details
        split = line if slim else line.split(factor=0.6, align=True)
        icon = {"icon": "ERROR"} if row.problem else {"icon_value": row.icon} if row.icon else \
            {"icon": FAMILIES[item.family.lower()].icon}
        if item.kind == "FILM":                         # its name says what it is, and cannot change
            split.label(text=wording.mark_name(item.name), **icon)
        else:
            split.prop(item, "name", text="", emboss=False, **icon)
        if not slim:
            split.label(text=row.text)
        buttons = line.row(align=True)
        buttons.prop(item, "locked", text="", emboss=False, icon="LOCKED" if item.locked else "UNLOCKED")
        buttons.prop(item, "enabled", text="", emboss=False,
                     icon="HIDE_OFF" if item.enabled else "HIDE_ON")


class AUTOSIMULATE_MT_mark_selected(bpy.types.Menu):
    """Further transforms of the selected objects."""

    bl_label = "Rotation, Scale"

    def draw(self, _context):
        for path, label in (("rotation_euler", "Rotation"), ("scale", "Scale")):
            for shared, how in ((True, "Shared"), (False, "Each")):
                operator = self.layout.operator("autosimulate.mark_selected", text=f"{label}, {how}")
                operator.path, operator.shared = path, shared


class AUTOSIMULATE_PT_learnables(Sidebar, bpy.types.Panel):
    """What gets a distribution instead of a value."""

    bl_label = "Learnable Properties"
    bl_order = 1

    def draw(self, context):
        """The buttons and the list are panels of their own, the buttons first: they must not move with the list."""


class AUTOSIMULATE_PT_mark_common(Sidebar, bpy.types.Panel):
    """One-click rows for what people mark most."""

    bl_label = "Mark"
    bl_parent_id = "AUTOSIMULATE_PT_learnables"
    bl_order = 0

    def draw(self, context):
        column, slim = self.layout.column(align=True), narrow(context)

        def row(label: str, *buttons):
            line = column if slim else column.split(factor=0.26, align=True)
            if label or not slim:
                line.label(text=label)
            place = line.row(align=True)
            for operator, text, values in buttons:
                chosen = place.operator(operator, text=text)
                for name, value in values.items():
                    setattr(chosen, name, value)
            return place

        common, selected = "autosimulate.mark_common", "autosimulate.mark_selected"
        row("Lights", (common, "Energies", {"what": "LIGHTS"}), (common, "Colors", {"what": "LIGHT_COLORS"}),
            (common, "World", {"what": "WORLD"}))
        row("Render", (common, "Bounces", {"what": "BOUNCES"}), (common, "Samples", {"what": "SAMPLES"}))
        row("Camera", (common, "Location", {"what": "CAMERA_PLACE"}), (common, "Lens", {"what": "CAMERA_LENS"}))
        row("Locations", (selected, "Shared", {"path": "location", "shared": True}),
            (selected, "Each", {"path": "location", "shared": False})
            ).menu("AUTOSIMULATE_MT_mark_selected", text="", icon="DOWNARROW_HLT")
        row("Materials", ("autosimulate.mark_materials", "Choice...", {}))
        film = "autosimulate.mark_film"
        row("Film", (film, "Exposure", {"film": "exposure"}), (film, "Tint", {"film": "white_balance"}))
        row("", (film, "Noise", {"film": "noise"}), (film, "Blur", {"film": "blur"}),
            (film, "Contrast", {"film": "contrast"}))


class AUTOSIMULATE_PT_mark_list(Sidebar, bpy.types.Panel):
    """The list of what is learnable."""

    bl_label = "List"
    bl_parent_id = "AUTOSIMULATE_PT_learnables"
    bl_order = 1
    bl_options = {"HIDE_HEADER"}

    def draw(self, context):
        layout = self.layout
        group = context.scene.autosimulate
        if not len(group.marks):
            paragraph(layout, context, "Right-click any property and choose Mark as Learnable, or use a button above.",
                      icon="INFO")
            return
        # the buttons stand below and not beside the list: a sidebar is narrow, and names and numbers are long
        column = layout.column(align=True)
        column.template_list("AUTOSIMULATE_UL_marks", "", group, "marks", group, "active_mark", rows=5, maxrows=5)
        row = column.row(align=True)
        row.operator("autosimulate.mark_remove", text="" if narrow(context) else "Remove", icon="REMOVE")
        solo = is_solo(group.marks, group.active_mark)
        row.operator("autosimulate.mark_solo", text="Solo", depress=solo,
                     icon="SOLO_ON" if solo else "SOLO_OFF").index = group.active_mark
        row.operator("autosimulate.mark_move", text="", icon="TRIA_UP").direction = "UP"
        row.operator("autosimulate.mark_move", text="", icon="TRIA_DOWN").direction = "DOWN"
        data = panel_data.get(context.scene)
        if data.problem:
            paragraph(layout, context, data.problem, icon="ERROR")
        for note in data.notes:
            paragraph(layout, context, note, icon="INFO")
        if data.notes:
            layout.operator("autosimulate.drop_deleted", icon="TRASH")


class AUTOSIMULATE_PT_mark_details(Sidebar, bpy.types.Panel):
    """The selected property's distribution."""

    bl_label = "Distribution"
    bl_parent_id = "AUTOSIMULATE_PT_learnables"
    bl_order = 2

    @classmethod
    def poll(cls, context):
        return super().poll(context) and len(context.scene.autosimulate.marks) > 0

    def draw(self, context):
        group = context.scene.autosimulate
        if 0 <= group.active_mark < len(group.marks):
            draw_mark(self.layout, context, group.marks[group.active_mark])


CLASSES = (AUTOSIMULATE_UL_marks, AUTOSIMULATE_MT_mark_selected, AUTOSIMULATE_PT_learnables,
           AUTOSIMULATE_PT_mark_common, AUTOSIMULATE_PT_mark_list, AUTOSIMULATE_PT_mark_details)
