"""Esc over the AutoSimulate tab stops what is running; everywhere else the key means what it always does."""

from __future__ import annotations

import bpy

_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None:                           # in background there are no keys
        return
    keymap = configuration.keymaps.new(name="3D View Generic", space_type="VIEW_3D")
    for operator in ("autosimulate.cancel_here", "autosimulate.cancel_images_here"):     # whichever is running
        _items.append((keymap, keymap.keymap_items.new(operator, "ESC", "PRESS")))


def unregister() -> None:
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()
