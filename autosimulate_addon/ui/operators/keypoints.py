"""Keypoints: which empties are points of the objects that they are children of."""

from __future__ import annotations

import re

import bpy
from bpy.props import IntProperty

from ...protocol import InputError
from .. import reasons
from .base import attempt


def _is_point(block: bpy.types.Object) -> bool:
    return block.type == "EMPTY" and block.parent is not None


class AUTOSIMULATE_OT_keypoints_add(bpy.types.Operator):
    """Make the selected empties points of the objects that they are children of: data sets tell where they are"""

    bl_idname = "autosimulate.keypoints_add"
    bl_label = "Mark as Keypoints"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable, reasons.has_selection)

    def execute(self, context):
        def work():
            points = context.scene.autosimulate.keypoints
            there = {point.id for point in points}
            found = sorted((block for block in context.selected_objects if _is_point(block) and block not in there),
                           key=lambda block: block.name)
            if not found:
                raise InputError("No selected object is an empty with a parent that is no keypoint yet: add an empty "
                                 "where the point is, and make it a child of its object")
            for block in found:
                point = points.add()
                # "Nose.001" of a second head is its nose, too
                point.id, point.name = block, re.sub(r"\.\d{3,}$", "", block.name)
            return f"{len(found)} keypoints more"

        return attempt(self, work)


class AUTOSIMULATE_OT_keypoint_remove(bpy.types.Operator):
    """This empty is no keypoint any more; it stays in the scene"""

    bl_idname = "autosimulate.keypoint_remove"
    bl_label = "Remove Keypoint"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    index: IntProperty(name="Index", description="Position in the list of keypoints", min=0)

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.scene_editable)

    def execute(self, context):
        points = context.scene.autosimulate.keypoints
        if self.index < len(points):
            points.remove(self.index)
        return {"FINISHED"}


CLASSES = (AUTOSIMULATE_OT_keypoints_add, AUTOSIMULATE_OT_keypoint_remove)
