"""For those who open no sidebar: Object > AutoSimulate, and the inputs of a node in the node editor's right-click."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ..blender import paths
from ..blender.marks import mark_scene, properties
from ..blender.paths import PropertyRef
from ..protocol import AutoSimulateError
from .operators.mark import refusal
from .operators.mark_many import TRANSFORMS


class AUTOSIMULATE_MT_assign(bpy.types.Menu):
    """Put the selected objects into a class."""

    bl_label = "Assign to Class"

    def draw(self, context):
        layout = self.layout
        for i, group in enumerate(context.scene.autosimulate.classes):
            operator = layout.operator("autosimulate.class_assign", text=group.name, translate=False)
            operator.what, operator.index = "OBJECTS", i
        layout.separator()
        layout.operator("autosimulate.class_add", icon="ADD")


class AUTOSIMULATE_MT_object(bpy.types.Menu):
    """What the sidebar does, for the selected objects and the scene."""

    bl_label = "AutoSimulate"

    def draw(self, context):
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        several = len(context.selected_objects) > 1
        for path, label, _ in TRANSFORMS:
            for shared in (True, False) if several else (False,):
                how = f", {iface_('Shared')}" if several and shared else f", {iface_('Each')}" if several else ""
                operator = layout.operator("autosimulate.mark_selected", icon="NORMALIZE_FCURVES",
                                           text=iface_("Mark {:s}").format(iface_(label)) + how)
                operator.path, operator.shared = path, shared
        layout.operator("autosimulate.mark_materials", text="Mark Material Choice...", icon="MATERIAL")
        layout.menu("AUTOSIMULATE_MT_assign", icon="OUTLINER_COLLECTION")
        if any(block.type == "EMPTY" for block in context.selected_objects):
            layout.operator("autosimulate.keypoints_add", icon="EMPTY_AXIS")
        layout.separator()
        layout.operator("autosimulate.draw_sample", icon="FILE_REFRESH")
        layout.operator("autosimulate.apply_mean", icon="CON_TRANSFORM")
        layout.operator("autosimulate.sample_sheet", icon="IMAGE_DATA")
        layout.separator()
        layout.operator("autosimulate.match", icon="IMAGE_REFERENCE")
        layout.operator("autosimulate.optimize", icon="PLAY")
        layout.operator("autosimulate.generate", icon="RENDERLAYERS")
        layout.separator()
        layout.operator("autosimulate.show_tab", icon="WINDOW")


def inputs_of(node: bpy.types.Node) -> list[tuple[str, PropertyRef]]:
    """(name, property) of the inputs that have a value of their own here: no link, a number, a switch or a choice."""
    found = []
    for socket in node.inputs:
        if socket.enabled and not socket.hide and not socket.is_linked and hasattr(socket, "default_value"):
            try:
                ref = paths.ref_from_pointer(socket, "default_value")
            except AutoSimulateError:
                continue
            if not refusal(ref):
                found.append((socket.name, ref))
    return found


class AUTOSIMULATE_MT_node(bpy.types.Menu):
    """The active node's inputs: a click marks one; those that are learnable already have a tick."""

    bl_label = "Learnable Inputs"

    def draw(self, context):
        layout = self.layout
        found = inputs_of(context.active_node)
        for name, ref in found:
            marked = mark_scene.find_marks(context.scene, ref)
            if marked:
                layout.label(text=name, icon="CHECKMARK", translate=False)
                continue
            operator = layout.operator("autosimulate.mark", text=name, icon="NORMALIZE_FCURVES", translate=False)
            operator.data, operator.path = str(ref.block), ref.path
        if not found:
            layout.label(text="None of its inputs has a value of its own", icon="INFO")


def draw_object_menu(self, context) -> None:
    if properties.registered() and context.scene is not None:
        self.layout.separator()
        self.layout.menu("AUTOSIMULATE_MT_object", icon="NORMALIZE_FCURVES")


def draw_node_menu(self, context) -> None:
    if properties.registered() and context.scene is not None and getattr(context, "active_node", None) is not None:
        self.layout.separator()
        self.layout.menu("AUTOSIMULATE_MT_node", icon="NORMALIZE_FCURVES")


def draw_asset_menu(self, context) -> None:
    if properties.registered() and context.scene is not None:
        self.layout.separator()
        self.layout.operator("autosimulate.choice_add_assets", text="Add to Learnable Choices",
                             icon="NORMALIZE_FCURVES")


_MENUS = (("VIEW3D_MT_object", draw_object_menu), ("VIEW3D_MT_object_context_menu", draw_object_menu),
          ("NODE_MT_context_menu", draw_node_menu), ("ASSETBROWSER_MT_context_menu", draw_asset_menu))

CLASSES = (AUTOSIMULATE_MT_assign, AUTOSIMULATE_MT_object, AUTOSIMULATE_MT_node)


def register() -> None:
    for name, draw in _MENUS:
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    for name, draw in _MENUS:
        getattr(bpy.types, name).remove(draw)
