"""States: properties that are switched together, such as a fast and a fine render."""

from __future__ import annotations

import bpy
from bpy.props import StringProperty

from ...blender.marks import states_scene
from ...protocol import InputError
from .. import reasons
from .base import attempt
from .mark import OnProperty, property_under_mouse


class AUTOSIMULATE_OT_states_add(OnProperty, bpy.types.Operator):
    """Let the states set this property too. States switch several properties together, and which one is learned"""

    bl_idname = "autosimulate.states_add"
    bl_label = "Add to States"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    def execute(self, context):
        def work():
            ref = self.property(context)
            if ref is None:
                raise InputError("Open this from the right-click menu of a property")
            group = states_scene.add_property(context.scene, ref)
            if len(group.items) > 1:
                return f"{group.name}: every state sets it, to the value it has now"
            return f"{group.name}: change the values, then click Capture State under Distribution"

        return attempt(self, work)


class AUTOSIMULATE_OT_states_remove(bpy.types.Operator):
    """Take this property out of every state; its present value stays"""

    bl_idname = "autosimulate.states_remove"
    bl_label = "Remove from States"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks)

    def execute(self, context):
        def work():
            ref = property_under_mouse(context)
            names = states_scene.remove_property(context.scene, ref) if ref else []
            if not names:
                raise InputError("This property is in no state")
            return f"Removed from {', '.join(names)}"

        return attempt(self, work)


class AUTOSIMULATE_OT_capture_state(bpy.types.Operator):
    """Remember the present values of the properties of the selected states mark as a further state"""

    bl_idname = "autosimulate.capture_state"
    bl_label = "Capture State"
    bl_options = {"REGISTER", "UNDO"}

    name: StringProperty(name="Name", description="Name of the state; empty for a number", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _is_states)

    def execute(self, context):
        def work():
            group = context.scene.autosimulate.marks[context.scene.autosimulate.active_mark]
            return f"{states_scene.capture_state(group, self.name).name} captured"

        return attempt(self, work)


def _is_states(context: bpy.types.Context) -> str:
    group = reasons.settings(context)
    return "" if group.marks[group.active_mark].kind == "STATE" else "The selected mark has no states"


CLASSES = (AUTOSIMULATE_OT_states_add, AUTOSIMULATE_OT_states_remove, AUTOSIMULATE_OT_capture_state)
