"""F1 over one of our buttons or properties, and Online Manual in its menu, open the page of the manual it belongs to.

The manual is at the manifest's ``website``, where that is given. Otherwise it lies in the extension itself, as a
browser reads it (``headless/release.py`` packs it). A checkout has only the README.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from ..blender.marks import properties
from ..protocol.settings import DATASET, SETTINGS
from . import package, preferences
from .operators import (
    cancel,
    choices,
    keypoints,
    labels,
    log,
    mark,
    mark_list,
    mark_many,
    optimize,
    presets,
    produce,
    results,
    states,
    tab,
    torch,
    validation,
)

#: Page of the manual, below ``window/`` -> modules whose operators and property groups it explains.
PAGES = {
    "learnables": (mark, mark_many, mark_list, choices, states, tab),
    "labels": (labels, keypoints),
    "validation": (validation,),
    "optimize": (optimize, cancel, presets, log),
    "results": (results, produce),
    "preferences": (torch, preferences),
}
#: Panel of a setting -> its page; another panel's has its name.
_OF_PANEL = {"advanced": "optimize"}
#: Page -> names, or the beginnings of names, of what is registered elsewhere.
_TYPES = {
    "learnables": ("autosimulate_mt_*", "autosimulate_pg_mark.*", "autosimulate_pg_item.*", "autosimulate_pg_target.*",
                   "autosimulate_pg_value.*", "autosimulate_pg_scene.marks", "autosimulate_pg_scene.active_mark"),
    "labels": ("autosimulate_pg_class.*", "autosimulate_pg_member.*", "autosimulate_pg_scene.classes",
               "autosimulate_pg_scene.active_class", "autosimulate_pg_keypoint.*", "autosimulate_pg_scene.keypoints"),
    "results": ("autosimulate_pg_scene.dataset_*", "autosimulate_pg_scene.run_dir"),
}
#: Page -> operators of a module that not every build has.
_OPERATORS = {"preferences": ("install_torch", "cancel_install", "remove_torch")}


def pages() -> Iterator[tuple[str, str]]:
    """(what Blender calls a button or property, in lower case and perhaps with *; its page)."""
    for page, modules in PAGES.items():
        for cls in (cls for module in modules for cls in module.CLASSES):
            yield (f"bpy.ops.{cls.bl_idname}" if issubclass(cls, bpy.types.Operator) else
                   f"bpy.types.{cls.__name__.lower()}.*"), page
    for page, names in _OPERATORS.items():
        yield from ((f"bpy.ops.autosimulate.{name}", page) for name in names)
    for page, names in _TYPES.items():
        yield from ((f"bpy.types.{name}", page) for name in names)
    group = properties.AUTOSIMULATE_PG_scene.__name__.lower()
    for setting in SETTINGS:
        if setting.label:
            yield f"bpy.types.{group}.{setting.name}", _OF_PANEL.get(setting.panel, setting.panel)
    yield from ((f"bpy.types.{group}.{setting.name}", "results") for setting in DATASET)
    yield from (("bpy.ops.autosimulate.*", "index"), ("bpy.types.autosimulate_*", "index"),
                ("bpy.types.scene.autosimulate*", "index"))


def _map() -> tuple[str, tuple[tuple[str, str], ...]]:
    site = package.manual()
    if site is None:
        return package.README.as_uri(), tuple((name, "") for name, _ in pages())
    return f"{site}/window/", tuple((name, f"{page}.html") for name, page in pages())


def register() -> None:
    bpy.utils.register_manual_map(_map)


def unregister() -> None:
    bpy.utils.unregister_manual_map(_map)
