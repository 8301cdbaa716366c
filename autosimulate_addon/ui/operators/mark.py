"""Marking the property under the mouse, and editing its distribution."""

from __future__ import annotations

import bpy
from bpy.props import IntProperty, StringProperty

from ...blender import drawable, inert, paths
from ...blender.marks import effects, learned, mark_scene
from ...blender.marks.mark import Mark
from ...blender.paths import PropertyRef
from ...protocol import AutoSimulateError, InputError
from .. import reasons, wording
from ..layout.mark_details import draw_mark
from .base import attempt


def property_under_mouse(context: bpy.types.Context, index: int = -1) -> PropertyRef | None:
    """The property whose context menu is open, or None when that is no property of a data-block.

    Where Blender shows what a property points to (a scene's world, a slot's material), the field is the name of that:
    the property is meant.
    """
    pointer, prop = getattr(context, "button_pointer", None), getattr(context, "button_prop", None)
    if pointer is None or prop is None:
        return None
    if prop.identifier == "name" and isinstance(pointer, bpy.types.ID):
        pointing = _pointing(context, pointer)
        if pointing is not None:
            return pointing
    try:
        return paths.ref_from_pointer(pointer, prop.identifier, index)
    except (AutoSimulateError, AttributeError, TypeError, ValueError):
        return None


def _pointing(context: bpy.types.Context, block: bpy.types.ID) -> PropertyRef | None:
    """What points to the data-block, of that which the editor shows."""
    if context.scene.world == block:
        return paths.ref_to(context.scene, "world")
    shown = context.object
    if shown is None:
        return None
    if shown.active_material == block:
        return paths.ref_to(shown, f"material_slots[{shown.active_material_index}].material")
    return paths.ref_to(shown, "data") if shown.data == block else None


class OnProperty:
    """An operator on one property: the one under the mouse, or one that is named, as a script does."""

    data: StringProperty(name="Data-Block", description="Data-block by name, as lights['Key']; empty for the property "
                         "under the mouse", options={"SKIP_SAVE"})
    path: StringProperty(name="Path", description="Path of the property in its data-block", options={"SKIP_SAVE"})
    index: IntProperty(name="Component", description="Component of a vector, or -1 for all", default=-1, min=-1,
                       options={"SKIP_SAVE"})

    def property(self, context: bpy.types.Context) -> PropertyRef | None:
        return paths.parse(self.data, self.path, self.index) if self.data else property_under_mouse(context, self.index)


def refusal(ref: PropertyRef | None) -> str:
    """Why this property cannot be learnable, "" when it can."""
    if ref is None:
        return "Open this from the right-click menu of a property"
    try:
        drawable.check_drawable(ref)
        inert.check(ref, effects.drawn_by(mark_scene.whole_marks(bpy.context.scene)))
    except AutoSimulateError as error:
        return str(error).rstrip(".")
    return ""


def learnable_now(group) -> str:
    """What to say of a new mark. psi that its data carries, learned before or in another file, is taken over."""
    text = f"{wording.mark_name(group.name)} is learnable now"
    if mark_scene.awaits_choices(mark_scene.mark_of(group)):
        return f"{group.name}: add what else it can be, under Distribution"
    if any(learned.learned(group, parameter) for parameter in ("mean", "p")):
        text += ", with what was learned of it before: Reset to Start forgets that"
    return text


def _marked(context: bpy.types.Context) -> list[str]:
    ref = property_under_mouse(context)
    return mark_scene.find_marks(context.scene, ref) if ref else []


class AUTOSIMULATE_OT_mark(OnProperty, bpy.types.Operator):
    """Give this property a distribution to learn instead of one value"""

    bl_idname = "autosimulate.mark"
    bl_label = "Mark as Learnable"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, _markable)

    def execute(self, context):
        def work():
            ref = self.property(context)
            why = refusal(ref)
            if why:
                raise InputError(why)
            group = mark_scene.add_mark(context.scene, Mark(targets=(ref,)))
            return learnable_now(group)

        return attempt(self, work)


def _markable(context: bpy.types.Context) -> str:
    """Why the property under the mouse cannot be learnable. Scripts, with nothing there, name theirs."""
    ref = property_under_mouse(context)
    return refusal(ref) if ref else ""


class AUTOSIMULATE_OT_unmark(bpy.types.Operator):
    """Take this property out of the learnable ones; its present value stays"""

    bl_idname = "autosimulate.unmark"
    bl_label = "Remove Learnable"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks)

    def execute(self, context):
        def work():
            names = _marked(context)
            if not names:
                raise InputError("This property is not learnable")
            for name in names:
                mark_scene.remove_mark(context.scene, name)
            return f"{', '.join(names)} removed"

        return attempt(self, work)


class AUTOSIMULATE_OT_edit_distribution(bpy.types.Operator):
    """Change the family, limits and start of this property's distribution"""

    bl_idname = "autosimulate.edit_distribution"
    bl_label = "Edit Distribution"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Name", description="Learnable property to edit; empty for the one under the mouse",
                         options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_marks)

    def invoke(self, context, _event):
        names = [self.name] if self.name else _marked(context)
        found = context.scene.autosimulate.marks.find(names[0]) if names else -1
        if found < 0:
            self.report({"ERROR"}, "This property is not learnable")
            return {"CANCELLED"}
        self.name = names[0]
        context.scene.autosimulate.active_mark = found
        return context.window_manager.invoke_props_dialog(self, width=340)

    def draw(self, context):
        marks = context.scene.autosimulate.marks
        if self.name in marks:
            draw_mark(self.layout, context, marks[self.name])

    def execute(self, _context):
        return {"FINISHED"}


CLASSES = (AUTOSIMULATE_OT_mark, AUTOSIMULATE_OT_unmark, AUTOSIMULATE_OT_edit_distribution)
