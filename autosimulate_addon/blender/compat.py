"""Every difference between Blender versions that this project depends on, in one place (4.2 to 5.2)."""

from __future__ import annotations

import re

import bpy

VERSION = bpy.app.version

_MODIFIER_ITEM = re.compile(r'^(modifiers\["(?:[^"\\]|\\.)*"\])\["([A-Za-z]\w*)"\]$')
_MODIFIER_INPUT = re.compile(r'^(modifiers\["(?:[^"\\]|\\.)*"\])\.properties\.inputs\.([A-Za-z]\w*)\.value$')


def native_path(id_data: bpy.types.ID, path: str) -> str:
    """The path of a geometry-nodes modifier input as this version writes it; any other path unchanged.

    ``modifiers["GN"]["Socket_2"]`` up to 5.1, ``modifiers["GN"].properties.inputs.Socket_2.value`` from 5.2, so that
    a scene marked in one version works in the other.
    """
    if not isinstance(id_data, bpy.types.Object):
        return path
    if VERSION >= (5, 2, 0):
        return _MODIFIER_ITEM.sub(r"\1.properties.inputs.\2.value", path)
    return _MODIFIER_INPUT.sub(r'\1["\2"]', path)


def is_editable(id_data: bpy.types.ID) -> bool:
    """Whether a data-block may be changed: local, or a library override."""
    return id_data.library is None


def animation_curves(animation: bpy.types.AnimData) -> list[bpy.types.FCurve]:
    """The F-curves of the action and of every NLA strip (``Action.fcurves`` went in 5.0: slots and layers)."""
    pairs = [(animation.action, getattr(animation, "action_slot", None))]
    for track in animation.nla_tracks:
        pairs += [(strip.action, getattr(strip, "action_slot", None)) for strip in track.strips]
    curves: list[bpy.types.FCurve] = []
    for action, slot in pairs:
        if action is None:
            continue
        if hasattr(action, "layers"):
            curves += [curve for layer in action.layers for strip in layer.strips if slot is not None
                       for bag in (strip.channelbag(slot),) if bag is not None for curve in bag.fcurves]
        else:
            curves += list(action.fcurves)
    return curves
