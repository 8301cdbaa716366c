"""Classes, their members, and their colours in the viewport."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ...blender.marks import mark_scene
from ...protocol import InputError
from .. import reasons
from ..overlay import tint
from .base import attempt, described

ASSIGNABLE = (
    ("OBJECTS", "Selected Objects", "Every selected object"),
    ("COLLECTION", "Collection", "The collection of the active object, with all that will be in it"),
    ("MATERIAL", "Material", "The active object's material, wherever it is used"),
)


def _next_id(classes) -> int:
    return max((group.validation_id for group in classes), default=0) + 1


def add_class(scene: bpy.types.Scene, name: str):
    """A new class with the next colour and validation id, and the selected one."""
    classes = scene.autosimulate.classes
    number = _next_id(classes)
    group = classes.add()
    group.name = mark_scene.unique_name(name, [other.name for other in classes][:-1])
    group.color = mark_scene.CLASS_COLORS[(len(classes) - 1) % len(mark_scene.CLASS_COLORS)]
    group.validation_id = number
    scene.autosimulate.active_class = len(classes) - 1
    return group


class AUTOSIMULATE_OT_class_add(bpy.types.Operator):
    """Add a class that the network is to tell apart"""

    bl_idname = "autosimulate.class_add"
    bl_label = "Add Class"
    bl_options = {"REGISTER", "UNDO"}

    name: StringProperty(name="Name", description="Name of the class", default="Class", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    def execute(self, context):
        add_class(context.scene, self.name)
        tint.refresh()
        return {"FINISHED"}


class AUTOSIMULATE_OT_class_remove(bpy.types.Operator):
    """Remove the selected class; its objects become background"""

    bl_idname = "autosimulate.class_remove"
    bl_label = "Remove Class"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_class)

    def execute(self, context):
        group = context.scene.autosimulate
        group.classes.remove(group.active_class)
        group.active_class = max(0, min(group.active_class, len(group.classes) - 1))
        tint.refresh()
        return {"FINISHED"}


class AUTOSIMULATE_OT_class_move(bpy.types.Operator):
    """Move the selected class up or down; the order gives the class index in generated masks"""

    bl_idname = "autosimulate.class_move"
    bl_label = "Move Class"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    direction: EnumProperty(name="Direction", description="Where to", items=(
        ("UP", "Up", "Towards the top"), ("DOWN", "Down", "Towards the bottom")))

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_class)

    def execute(self, context):
        group = context.scene.autosimulate
        new = group.active_class + (-1 if self.direction == "UP" else 1)
        if not 0 <= new < len(group.classes):
            return {"CANCELLED"}
        group.classes.move(group.active_class, new)
        group.active_class = new
        return {"FINISHED"}


class AUTOSIMULATE_OT_class_assign(bpy.types.Operator):
    """Put the selected objects, their collection or their active material into the selected class"""

    bl_idname = "autosimulate.class_assign"
    bl_label = "Assign to Class"
    bl_options = {"REGISTER", "UNDO"}

    what: EnumProperty(name="What", description="What to assign", items=ASSIGNABLE)
    index: IntProperty(name="Class", description="Which class, in their order; -1: the selected one", default=-1,
                       min=-1, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_class, reasons.has_selection)

    @classmethod
    def description(cls, _context, properties):
        text = described(ASSIGNABLE, properties.what)[1]
        return f"Put into the {'selected' if properties.index < 0 else 'named'} class: {text[0].lower()}{text[1:]}"

    def execute(self, context):
        def work():
            classes = context.scene.autosimulate.classes
            if self.index >= len(classes):
                raise InputError(f"There is no class number {self.index}")
            group = classes[self.index if self.index >= 0 else context.scene.autosimulate.active_class]
            blocks = _chosen(context, self.what)
            for other in classes:
                for i in reversed(range(len(other.members))):       # a pixel has one class: the latest word counts
                    if other.members[i].id in blocks or other.members[i].id is None:
                        other.members.remove(i)
            for block in blocks:
                group.members.add().id = block
            tint.refresh()
            names = ", ".join(block.name for block in blocks[:3]) + (", ..." if len(blocks) > 3 else "")
            return f"{names}: class {group.name}"

        return attempt(self, work)


def _chosen(context: bpy.types.Context, what: str) -> list[bpy.types.ID]:
    active = context.active_object or context.selected_objects[0]
    if what == "OBJECTS":
        return sorted(context.selected_objects, key=lambda obj: obj.name)
    if what == "COLLECTION":
        found = [collection for collection in active.users_collection if collection in bpy.data.collections[:]]
        if not found:
            raise InputError(f"{active.name} is in no collection of its own: move it into one, or assign the object")
        return found[:1]
    if active.active_material is None:
        raise InputError(f"{active.name} has no material: give it one, or assign the object")
    return [active.active_material]


class AUTOSIMULATE_OT_class_unassign(bpy.types.Operator):
    """Take this member out of the class"""

    bl_idname = "autosimulate.class_unassign"
    bl_label = "Remove from Class"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    index: IntProperty(name="Index", description="Position in the list of members", min=0)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_active_class)

    def execute(self, context):
        group = context.scene.autosimulate
        members = group.classes[group.active_class].members
        if self.index < len(members):
            members.remove(self.index)
        tint.refresh()
        return {"FINISHED"}


class AUTOSIMULATE_OT_show_classes(bpy.types.Operator):
    """Draw the colors of the classes over the objects in the viewport, as masks will have them; click again for none"""

    bl_idname = "autosimulate.show_classes"
    bl_label = "Show in Viewport"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_classes)

    def execute(self, _context):
        tint.show(not tint.shown())
        return {"FINISHED"}


CLASSES = (AUTOSIMULATE_OT_class_add, AUTOSIMULATE_OT_class_remove, AUTOSIMULATE_OT_class_move,
           AUTOSIMULATE_OT_class_assign, AUTOSIMULATE_OT_class_unassign, AUTOSIMULATE_OT_show_classes)
