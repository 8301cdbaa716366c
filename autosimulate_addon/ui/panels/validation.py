"""Validation Data: the folder of real images, and what is in it."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as iface_

from ...blender.marks import settings
from .. import validation
from ..layout.text import paragraph, picture
from .base import Sidebar


class AUTOSIMULATE_PT_validation(Sidebar, bpy.types.Panel):
    """Real, labelled images that drive the optimization."""

    bl_label = "Validation Data"
    bl_order = 3

    def draw(self, context):
        layout = self.layout
        group = context.scene.autosimulate
        layout.prop(group, "validation", text="")
        layout.prop(group, "task")
        layout.operator("autosimulate.check_validation", icon="VIEWZOOM")
        if validation.looking():
            layout.label(text="Looking...", icon="SORTTIME")
            return
        folder = bpy.path.abspath(group.validation) if group.validation else ""
        task = settings.chosen(group, "task")
        found = validation.found(folder, task)
        if found is None:
            validation.want(folder, task, lambda scene=context.scene: validation.classes_of(scene))
        if found is not None:
            self._found(layout, context, found)

    @staticmethod
    def _found(layout: bpy.types.UILayout, context: bpy.types.Context, found: validation.Found) -> None:
        for problem in found.problems:
            paragraph(layout, context, problem, icon="ERROR")
        if found.n_images:
            paragraph(layout, context, _summary(found), icon="CHECKMARK")
        picture(layout, context, validation.thumbnail())
        if found.images:
            column = layout.column(align=True)
            column.scale_y = 0.85
            for name, count in found.images:
                row = column.row()
                row.label(text=name)
                share = row.row()
                share.alignment = "RIGHT"
                share.label(text=iface_("in {:d} of {:d}").format(count, found.examined))
            layout.operator("autosimulate.classes_from_validation", icon="ADD")
        group = context.scene.autosimulate
        if left := validation.cut(found, group.width, group.height):
            paragraph(layout, context, iface_("Photographs of {:d} x {:d} are cut to {:d} x {:d}, the shape of the "
                                              "renders").format(*found.size, *left), icon="INFO")
            layout.operator("autosimulate.shape_from_validation", icon="FULLSCREEN_ENTER")
        for note in found.notes:
            paragraph(layout, context, note, icon="INFO")


def _summary(found: validation.Found) -> str:
    """"6 images with class-index masks"."""
    what = found.description.removeprefix("images ")
    return f"{found.n_images} images {what}" if what != found.description else f"{found.n_images} images, {what}"


class AUTOSIMULATE_PT_test(Sidebar, bpy.types.Panel):
    """Images that only the final comparison looks at."""

    bl_label = "Test Data"
    bl_parent_id = "AUTOSIMULATE_PT_validation"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        self.layout.prop(context.scene.autosimulate, "test", text="")


class AUTOSIMULATE_PT_real(Sidebar, bpy.types.Panel):
    """Images that the networks are trained on beside the renders."""

    bl_label = "Real Training Data"
    bl_parent_id = "AUTOSIMULATE_PT_validation"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        self.layout.prop(context.scene.autosimulate, "real", text="")


CLASSES = (AUTOSIMULATE_PT_validation, AUTOSIMULATE_PT_test, AUTOSIMULATE_PT_real)
