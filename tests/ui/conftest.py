"""The add-on, enabled in the bpy module, on a fresh scene."""

from __future__ import annotations

import bpy
import pytest


@pytest.fixture
def scene():
    """Blender's default scene with the add-on registered; unregistered and empty again afterwards."""
    import autosimulate_addon

    bpy.ops.wm.read_factory_settings(use_empty=False)
    autosimulate_addon.register()
    try:
        yield bpy.context.scene
    finally:
        autosimulate_addon.unregister()
        bpy.ops.wm.read_factory_settings(use_empty=True)
