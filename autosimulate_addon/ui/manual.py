"""F1 over one of our buttons or properties opens the README, which comes with the add-on."""

from __future__ import annotations

import bpy

from . import package


def _map() -> tuple[str, tuple[tuple[str, str], ...]]:
    return package.ROOT.as_uri() + "/", (
        ("bpy.ops.autosimulate.*", "README.md"), ("bpy.types.autosimulate_pg_*", "README.md"),
        ("bpy.types.scene.autosimulate*", "README.md"))


def register() -> None:
    bpy.utils.register_manual_map(_map)


def unregister() -> None:
    bpy.utils.unregister_manual_map(_map)
