"""What Blender's animation system writes: properties that are driven or keyframed."""

from __future__ import annotations

import bpy

from . import compat, paths
from .paths import Resolved


def animated_by(resolved: Resolved) -> str:
    """"driven" or "keyframed" when the animation system writes the property on every frame, else ""."""
    holder = resolved.owner.id_data or resolved.id_data     # an embedded node tree carries animation of its own
    animation = holder.animation_data
    if animation is None:
        return ""
    if any(_writes(curve, holder, resolved) for curve in animation.drivers):
        return "driven"
    if any(_writes(curve, holder, resolved) for curve in compat.animation_curves(animation)):
        return "keyframed"
    return ""


def _writes(curve: bpy.types.FCurve, holder: bpy.types.ID, resolved: Resolved) -> bool:
    owner_path, identifier, custom = paths.split(compat.native_path(holder, curve.data_path))
    if identifier != resolved.identifier or custom != (resolved.rna is None):
        return False
    if resolved.index >= 0 and curve.array_index != resolved.index:
        return False
    try:
        owner = holder.path_resolve(owner_path) if owner_path else holder
    except ValueError:
        return False
    return owner == resolved.owner


def read_by_drivers(block: bpy.types.ID) -> bool:
    """Whether a driver anywhere in the file reads the data-block, so that its values may act by way of that."""
    trees = [getattr(block, "node_tree", None)]
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION":
            for holder in getattr(bpy.data, prop.identifier):
                for each in (holder, getattr(holder, "node_tree", None), getattr(holder, "shape_keys", None)):
                    animation = getattr(each, "animation_data", None)
                    for curve in animation.drivers if animation else ():
                        if any(target.id in (block, *trees) and target.id is not None
                               for variable in curve.driver.variables for target in variable.targets):
                            return True
    return False
