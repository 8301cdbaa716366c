"""Labels: the classes the network tells apart."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...blender.marks import presence
from ..layout.text import narrow, paragraph
from ..overlay import tint
from .base import Sidebar

#: More members or keypoints than these are counted, not listed.
_LISTED = 12
_ICONS = {"OBJECT": "OBJECT_DATA", "COLLECTION": "OUTLINER_COLLECTION", "MATERIAL": "MATERIAL"}


class AUTOSIMULATE_UL_classes(bpy.types.UIList):
    """One row a class: colour, name, how many members."""

    def draw_item(self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flag=0):
        row = layout.row(align=True)
        swatch = row.row()
        swatch.ui_units_x = 1.2
        swatch.prop(item, "color", text="")
        row.prop(item, "name", text="", emboss=False)
        count = row.row()
        count.alignment = "RIGHT"
        there = len(item.members) - len(presence.dead(item))
        count.label(text=str(there) if there else "empty")


class AUTOSIMULATE_PT_labels(Sidebar, bpy.types.Panel):
    """Classes with colours, and what belongs to them."""

    bl_label = "Labels"
    bl_order = 2

    def draw(self, context):
        layout = self.layout
        group = context.scene.autosimulate
        if not len(group.classes):
            paragraph(layout, context, "Add a class for each kind of thing to find, and assign objects to it. The rest "
                      "is background.", icon="INFO")
            layout.operator("autosimulate.class_add", icon="ADD")
            return
        row = layout.row()
        row.template_list("AUTOSIMULATE_UL_classes", "", group, "classes", group, "active_class", rows=4)
        column = row.column(align=True)
        column.operator("autosimulate.class_add", text="", icon="ADD")
        column.operator("autosimulate.class_remove", text="", icon="REMOVE")
        column.separator()
        column.operator("autosimulate.class_move", text="", icon="TRIA_UP").direction = "UP"
        column.operator("autosimulate.class_move", text="", icon="TRIA_DOWN").direction = "DOWN"
        if 0 <= group.active_class < len(group.classes):
            self._details(layout, context, group.classes[group.active_class])
        layout.operator("autosimulate.show_classes", icon="HIDE_OFF", depress=tint.shown())

    @staticmethod
    def _details(layout: bpy.types.UILayout, context: bpy.types.Context, item) -> None:
        column = layout.column(align=True)
        column.label(text=iface_("Assign to {:s}").format(item.name))
        assign = column.column(align=True) if narrow(context) else column.row(align=True)
        for what, text in (("OBJECTS", "Selected"), ("COLLECTION", "Collection"), ("MATERIAL", "Material")):
            assign.operator("autosimulate.class_assign", text=text).what = what
        column = layout.column(align=True)
        for i, member in enumerate(list(item.members)[:_LISTED]):
            row = column.row(align=True)
            there = presence.still_there(member)
            name = member.id.name_full if member.id else iface_("Data")
            row.label(text=name if there else f"{name}: {iface_('deleted')}",
                      icon=_ICONS.get(member.id.id_type, "DOT") if there else "ERROR")
            row.operator("autosimulate.class_unassign", text="", icon="X", emboss=False).index = i
        if len(item.members) > _LISTED:
            column.label(text=iface_("and {:d} more").format(len(item.members) - _LISTED), icon="BLANK1")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        number = column.row()
        number.active = not item.validation_labels.strip()      # by which the class is known instead
        number.prop(item, "validation_id")
        column.prop(item, "validation_labels", placeholder=item.name)


class AUTOSIMULATE_PT_keypoints(Sidebar, bpy.types.Panel):
    """Points of objects that data sets tell where they are."""

    bl_label = "Keypoints"
    bl_parent_id = "AUTOSIMULATE_PT_labels"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        points = context.scene.autosimulate.keypoints
        if not len(points):
            paragraph(layout, context, "Empties that are children of an object may be points of it, whose places "
                      "data sets tell.", icon="INFO")
        column = layout.column(align=True)
        for i, point in enumerate(list(points)[:_LISTED]):
            row = column.row(align=True)
            row.prop(point, "name", text="", icon="EMPTY_AXIS")
            there = presence.still_there(point)
            owner = point.id.parent if there else None
            row.label(text=owner.name if owner else iface_("no parent") if there else iface_("deleted"),
                      icon="NONE" if owner else "ERROR", translate=False)
            row.operator("autosimulate.keypoint_remove", text="", icon="X", emboss=False).index = i
        if len(points) > _LISTED:
            column.label(text=iface_("and {:d} more").format(len(points) - _LISTED), icon="BLANK1")
        layout.operator("autosimulate.keypoints_add", icon="EMPTY_AXIS")


CLASSES = (AUTOSIMULATE_UL_classes, AUTOSIMULATE_PT_labels, AUTOSIMULATE_PT_keypoints)
