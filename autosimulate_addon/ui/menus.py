"""Entries of the right-click menu of every property."""

from __future__ import annotations

import bpy

from ..blender import property_info
from ..blender.marks import mark_scene, properties, states_scene
from ..protocol import AutoSimulateError
from .operators.mark import property_under_mouse, refusal


class AUTOSIMULATE_MT_mark_component(bpy.types.Menu):
    """Mark one component of a vector or color."""

    bl_label = "Mark One Component"

    def draw(self, context):
        ref = property_under_mouse(context)
        if ref is None:
            return
        info = property_info.describe(ref)
        letters = "RGBA" if info.subtype.startswith("COLOR") else "WXYZ" if info.subtype == "QUATERNION" else "XYZW"
        for i in range(info.size):
            self.layout.operator("autosimulate.mark", text=letters[i] if i < 4 else str(i)).index = i


def draw_context_menu(self, context) -> None:
    """Appended to the menu; says nothing where there is no property."""
    if not properties.registered() or context.scene is None:
        return
    ref = property_under_mouse(context)
    if ref is None:
        return
    layout = self.layout
    try:
        marked = mark_scene.find_marks(context.scene, ref)
        in_states = states_scene.find_states(context.scene, ref)
    except AutoSimulateError:
        marked, in_states = [], []
    layout.separator()
    if marked:
        layout.operator("autosimulate.edit_distribution", text="Edit Distribution...", icon="NORMALIZE_FCURVES")
        layout.operator("autosimulate.unmark", icon="X")
        return
    if in_states:
        layout.operator("autosimulate.states_remove", icon="X")
        return
    layout.operator("autosimulate.mark", icon="NORMALIZE_FCURVES")
    if refusal(ref):                                    # the entry is grey then, and its tooltip says why
        return
    info = property_info.describe(ref)
    if info.size > 1 and ref.index < 0:
        layout.menu("AUTOSIMULATE_MT_mark_component")
    layout.operator("autosimulate.states_add", icon="PRESET")


CLASSES = (AUTOSIMULATE_MT_mark_component,)


def register() -> None:
    bpy.types.UI_MT_button_context_menu.append(draw_context_menu)


def unregister() -> None:
    bpy.types.UI_MT_button_context_menu.remove(draw_context_menu)
