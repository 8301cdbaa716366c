"""Which of an object's (or bone's) constraints replaces its own location, rotation or scale altogether.

Copy Location and its kin, Track To, and limits of no width do, by their axes (measured with 4.5 by rendering two values
of each). Damped and Locked Track leave the roll, Stretch To, Child Of, Floor, Limit Distance and offsets compose with
what is there: these own nothing.
"""

from __future__ import annotations

import bpy

_CHANNELS = {"location": "location", "scale": "scale", "rotation_euler": "rotation", "rotation_quaternion": "rotation",
             "rotation_axis_angle": "rotation"}
_COPIES = {"COPY_LOCATION": "location", "COPY_ROTATION": "rotation", "COPY_SCALE": "scale"}
_LIMITS = {"LIMIT_LOCATION": "location", "LIMIT_ROTATION": "rotation", "LIMIT_SCALE": "scale"}
_ALL = {0, 1, 2}


def owner_of(holder: bpy.types.Object | bpy.types.PoseBone, name: str, index: int) -> bpy.types.Constraint | None:
    """The constraint that sets the property ``name`` (component ``index``, -1 for all) whatever its own value."""
    channel = _CHANNELS.get(name)
    if channel is None:
        return None
    wanted = _ALL if index < 0 or (channel == "rotation" and name != "rotation_euler") else {index}
    for constraint in holder.constraints:
        if constraint.mute or constraint.influence == 0.0 or not constraint.is_valid:
            continue
        if constraint.influence == 1.0 and wanted <= _owned(constraint, holder).get(channel, set()):
            return constraint
        if constraint.type not in (*_COPIES, *_LIMITS, "COPY_TRANSFORMS"):
            return None         # where it stood before may have turned it: that is more than can be told here
    return None


def _owned(constraint: bpy.types.Constraint, holder: bpy.types.Object | bpy.types.PoseBone) -> dict[str, set[int]]:
    """Axes by channel."""
    kind = constraint.type
    parent = getattr(holder, "parent", None)
    if parent is not None and (isinstance(holder, bpy.types.PoseBone) or _uneven(parent)):
        return {}               # a sheared space mixes rotation and scale
    if kind == "COPY_TRANSFORMS" and constraint.target is not None and constraint.mix_mode == "REPLACE":
        return {"location": _ALL, "rotation": _ALL, "scale": _ALL}
    if kind == "TRACK_TO" and constraint.target is not None:
        return {"rotation": _ALL}
    if kind in _COPIES and constraint.target is not None and not getattr(constraint, "use_offset", False) \
            and getattr(constraint, "mix_mode", "REPLACE") == "REPLACE":
        axes = {axis for axis, letter in enumerate("xyz") if getattr(constraint, f"use_{letter}")}
    elif kind in _LIMITS:
        axes = {axis for axis, letter in enumerate("xyz") if _fixed(constraint, letter)}
    else:
        return {}
    # Single axes are those of the world: of an object with a parent, or turned, they are others than its own.
    return {(_COPIES | _LIMITS)[kind]: axes if axes == _ALL or (parent is None and kind != "COPY_ROTATION"
                                                                and kind != "LIMIT_ROTATION") else set()}


def _fixed(constraint: bpy.types.Constraint, letter: str) -> bool:
    low, high = getattr(constraint, f"min_{letter}"), getattr(constraint, f"max_{letter}")
    limited = getattr(constraint, f"use_limit_{letter}") if constraint.type == "LIMIT_ROTATION" else \
        getattr(constraint, f"use_min_{letter}") and getattr(constraint, f"use_max_{letter}")
    return limited and low == high


def _uneven(parent: bpy.types.Object) -> bool:
    scale = parent.matrix_world.to_scale()
    return max(map(abs, scale)) > 1.001 * min(map(abs, scale))
