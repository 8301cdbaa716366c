"""The list of learnable properties: remove, reorder, solo, choices."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, IntProperty

from ...blender.marks import learned, mark_scene, presence
from .. import reasons
from .base import attempt


class AUTOSIMULATE_OT_mark_remove(bpy.types.Operator):
    """Take the selected property out of the learnable ones; what was learned of it goes, its present value stays"""

    bl_idname = "autosimulate.mark_remove"
    bl_label = "Remove Learnable"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks, reasons.has_active_mark)

    def execute(self, context):
        group = context.scene.autosimulate

        def work():
            mark_scene.remove_mark(context.scene, group.marks[group.active_mark].name)

        return attempt(self, work)


class AUTOSIMULATE_OT_mark_move(bpy.types.Operator):
    """Move the selected property up or down in the list"""

    bl_idname = "autosimulate.mark_move"
    bl_label = "Move Learnable"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    direction: EnumProperty(name="Direction", description="Where to", items=(
        ("UP", "Up", "Towards the top"), ("DOWN", "Down", "Towards the bottom")))

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks, reasons.has_active_mark)

    def execute(self, context):
        group = context.scene.autosimulate
        new = group.active_mark + (-1 if self.direction == "UP" else 1)
        if not 0 <= new < len(group.marks):
            return {"CANCELLED"}
        group.marks.move(group.active_mark, new)
        group.active_mark = new
        return {"FINISHED"}


class AUTOSIMULATE_OT_mark_solo(bpy.types.Operator):
    """Draw only this property and let all others keep their values; click again to draw all"""

    bl_idname = "autosimulate.mark_solo"
    bl_label = "Solo"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    index: IntProperty(name="Index", description="Position in the list", min=0)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks)

    def execute(self, context):
        marks = context.scene.autosimulate.marks
        if self.index >= len(marks):
            return {"CANCELLED"}
        alone = is_solo(marks, self.index)
        for i, mark in enumerate(marks):
            mark.enabled = alone or i == self.index
        return {"FINISHED"}


def is_solo(marks, index: int) -> bool:
    """Whether this mark is the only one that is drawn, of several."""
    return len(marks) > 1 and all(mark.enabled == (i == index) for i, mark in enumerate(marks))


class AUTOSIMULATE_OT_target_remove(bpy.types.Operator):
    """Take this property out of the distribution that it shares; its present value stays"""

    bl_idname = "autosimulate.target_remove"
    bl_label = "Remove from Distribution"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    index: IntProperty(name="Index", description="Position among the mark's properties", min=0)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _has_several)

    def execute(self, context):
        group = context.scene.autosimulate
        mark = group.marks[group.active_mark]

        def work():
            if mark.kind != "STATE" and self.index < len(mark.targets):
                learned.forget(mark, mark.targets[self.index])
            presence.drop_entry(mark, self.index)

        return attempt(self, work)


def _has_several(context: bpy.types.Context) -> str:
    group = reasons.settings(context)
    return "" if len(presence.entries_of(group.marks[group.active_mark])) > 1 else \
        "It is the only one: remove the learnable property instead"


class AUTOSIMULATE_OT_drop_deleted(bpy.types.Operator):
    """Take what was deleted from the scene out of the learnable properties and classes that have something left"""

    bl_idname = "autosimulate.drop_deleted"
    bl_label = "Drop Deleted"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    def execute(self, context):
        def work():
            dropped = presence.drop_dead(context.scene)
            return f"{dropped} dropped" if dropped else "Nothing that has something left was deleted"

        return attempt(self, work)


class AUTOSIMULATE_OT_choice_remove(bpy.types.Operator):
    """Take this choice out of the distribution"""

    bl_idname = "autosimulate.choice_remove"
    bl_label = "Remove Choice"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    index: IntProperty(name="Index", description="Position of the choice", min=0)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _can_lose_choice)

    def execute(self, context):
        group = context.scene.autosimulate
        mark = group.marks[group.active_mark]
        if self.index < len(mark.items):
            learned.lose_choice(mark, self.index)
            mark.items.remove(self.index)
        return {"FINISHED"}


def _can_lose_choice(context: bpy.types.Context) -> str:
    group = reasons.settings(context)
    return "" if len(group.marks[group.active_mark].items) > 2 else "A choice needs at least two alternatives"


class AUTOSIMULATE_OT_choice_add(bpy.types.Operator):
    """Add a whole number to choose from"""

    bl_idname = "autosimulate.choice_add"
    bl_label = "Add Number"
    bl_options = {"REGISTER", "UNDO"}

    value: IntProperty(name="Number", description="Whole number to choose from", default=1)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_mark, _is_integer)

    def invoke(self, context, _event):
        return context.window_manager.invoke_props_dialog(self, width=200)

    def execute(self, context):
        group = context.scene.autosimulate
        items = group.marks[group.active_mark].items
        label = str(self.value)
        if label in items:
            self.report({"WARNING"}, f"{label} is a choice already")
            return {"CANCELLED"}
        place = sum(int(item.name) < self.value for item in items)
        item = items.add()
        item.name, item.p = label, 1.0 / len(items)
        items.move(len(items) - 1, place)
        learned.gain_choice(group.marks[group.active_mark], place)
        return {"FINISHED"}


def _is_integer(context: bpy.types.Context) -> str:
    group = reasons.settings(context)
    return "" if group.marks[group.active_mark].family == "INTEGER" else "Only whole numbers can be added"


CLASSES = (AUTOSIMULATE_OT_mark_remove, AUTOSIMULATE_OT_mark_move, AUTOSIMULATE_OT_mark_solo,
           AUTOSIMULATE_OT_target_remove, AUTOSIMULATE_OT_drop_deleted, AUTOSIMULATE_OT_choice_remove,
           AUTOSIMULATE_OT_choice_add)
