"""Looking for PyTorch, and where it is chosen."""

from __future__ import annotations

import bpy

from .. import package, reasons
from ..torch import status as torch_status


class AUTOSIMULATE_OT_check_torch(bpy.types.Operator):
    """Look for PyTorch again"""

    bl_idname = "autosimulate.check_torch"
    bl_label = "Check Again"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, reasons.not_installing)

    def execute(self, _context):
        state = torch_status.refresh()
        self.report({"INFO"} if state.usable else {"WARNING"}, state.line)
        return {"FINISHED"}


class AUTOSIMULATE_OT_open_preferences(bpy.types.Operator):
    """Open the add-on's preferences, where PyTorch is installed"""

    bl_idname = "autosimulate.open_preferences"
    bl_label = "Open Preferences"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return reasons.allowed(cls, context, lambda _: "" if package.preferences() else "The add-on is not enabled")

    def execute(self, _context):
        bpy.ops.preferences.addon_show(module=package.TOP)
        return {"FINISHED"}


CLASSES = (AUTOSIMULATE_OT_check_torch, AUTOSIMULATE_OT_open_preferences)
