"""Blender: bpy and mathutils, never torch."""
