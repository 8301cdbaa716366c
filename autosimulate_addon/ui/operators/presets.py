"""Presets of the Optimize settings, kept by Blender with its other presets."""

from __future__ import annotations

import bpy
from bl_operators.presets import AddPresetBase

from ...protocol.settings import SETTINGS


class AUTOSIMULATE_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Add or remove a preset of the Optimize settings"""

    bl_idname = "autosimulate.preset_add"
    bl_label = "Add Optimize Preset"
    preset_menu = "AUTOSIMULATE_PT_presets"
    preset_subdir = "autosimulate/optimize"
    preset_defines = ["settings = bpy.context.scene.autosimulate"]
    preset_values = [f"settings.{setting.name}" for setting in SETTINGS if setting.label and setting.preset]


CLASSES = (AUTOSIMULATE_OT_preset_add,)
