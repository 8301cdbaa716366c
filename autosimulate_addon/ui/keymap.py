"""Esc stops what is running: over the AutoSimulate tab at once, elsewhere after a question.

Elsewhere it comes last, after whatever else the key means there: the window's keymap is asked when no other took it.
"""

from __future__ import annotations

import bpy

_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None:                           # in background there are no keys
        return
    for name, space, anywhere in (("3D View Generic", "VIEW_3D", False), ("Window", "EMPTY", True)):
        keymap = configuration.keymaps.new(name=name, space_type=space)
        item = keymap.keymap_items.new("autosimulate.cancel", "ESC", "PRESS")
        item.properties.anywhere = anywhere
        _items.append((keymap, item))


def unregister() -> None:
    for keymap, item in _items:
        keymap.keymap_items.remove(item)
    _items.clear()
