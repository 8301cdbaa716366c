"""Looking into the validation folder, and taking its classes over."""

from __future__ import annotations

import bpy

from ...blender.marks import settings
from ...protocol import InputError
from ...protocol.photographs import size_like
from .. import reasons, validation
from ..jobs import launch
from .base import attempt
from .labels import add_class


class AUTOSIMULATE_OT_check_validation(bpy.types.Operator):
    """Look into the validation folder: format, number of images, classes, problems"""

    bl_idname = "autosimulate.check_validation"
    bl_label = "Check Folder"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_validation)

    def execute(self, context):
        def work():
            group = context.scene.autosimulate
            folder = launch.absolute(group.validation)
            try:
                validation.look(folder, settings.chosen(group, "task"), validation.classes_of(context.scene))
            except OSError as error:
                raise InputError(f"The folder {folder} cannot be read ({error.strerror})") from error

        return attempt(self, work)


class AUTOSIMULATE_OT_classes_from_validation(bpy.types.Operator):
    """Add the classes that the validation folder names and the scene lacks"""

    bl_idname = "autosimulate.classes_from_validation"
    bl_label = "Take Classes from Folder"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_validation, _was_looked_into)

    def execute(self, context):
        def work():
            known = {group.name for group in context.scene.autosimulate.classes} | {"background", "0"}
            new = [name for name, _ in _found(context).images if name not in known]
            for name in new:
                group = add_class(context.scene, name)
                if name.isdecimal():                    # the folder has no names: the class is called by its id
                    group.validation_id = int(name)
            return f"{len(new)} classes added" if new else "The scene has all of the folder's classes already"

        return attempt(self, work)


class AUTOSIMULATE_OT_shape_from_validation(bpy.types.Operator):
    """Render in the shape of the photographs, with about as many pixels as now, so that nothing of them is cut"""

    bl_idname = "autosimulate.shape_from_validation"
    bl_label = "Take Shape from Folder"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_validation, _was_looked_into)

    def execute(self, context):
        def work():
            group = context.scene.autosimulate
            group.width, group.height = size_like(_found(context).size, group.width, group.height)
            return f"Renders are {group.width} x {group.height} pixels"

        return attempt(self, work)


def _found(context: bpy.types.Context) -> validation.Found | None:
    group = reasons.settings(context)
    return validation.found(launch.absolute(group.validation), settings.chosen(group, "task"))


def _was_looked_into(context: bpy.types.Context) -> str:
    found = _found(context)
    return "" if found and found.images else "Check the folder first"


CLASSES = (AUTOSIMULATE_OT_check_validation, AUTOSIMULATE_OT_classes_from_validation,
           AUTOSIMULATE_OT_shape_from_validation)
