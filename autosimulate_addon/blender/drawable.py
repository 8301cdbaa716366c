"""Whether a drawn value can be written into a property, and stays there."""

from __future__ import annotations

import bpy

from ..protocol import InputError
from . import compat, paths
from .paths import PropertyRef, Resolved
from .property_info import describe


def check_drawable(ref: PropertyRef) -> None:
    """Raises InputError, saying why and what to do, when drawing a value into the property could not work."""
    check_writable(ref)
    info = describe(ref)
    if info.type not in ("FLOAT", "INT", "BOOLEAN", "ENUM") or paths.is_flag(paths.resolve(ref).rna):
        raise InputError(f"{ref} is not a number, a switch or a choice, so it cannot be learnable.")
    if not info.animatable:
        raise InputError(f"{ref} cannot be animated in Blender, so it cannot be learnable.")


def check_writable(ref: PropertyRef) -> None:
    """Raises InputError when the property is linked, read-only, driven or keyframed."""
    resolved = paths.resolve(ref)
    if not compat.is_editable(resolved.id_data):
        raise InputError(f"{ref} is linked from a library and cannot change; make {ref.name!r} local or give it "
                         "a library override.")
    if resolved.rna is not None and (resolved.rna.is_readonly or resolved.owner.is_property_readonly(
            resolved.identifier)):
        raise InputError(f"{ref} is read-only and cannot be learnable; choose another property.")
    animated = _animated_by(resolved)
    if animated:
        raise InputError(f"{ref} is {animated}, which would overwrite every drawn value; remove the "
                         f"{'driver' if animated == 'driven' else 'keyframes'} first.")


def _animated_by(resolved: Resolved) -> str | None:
    """"driven" or "keyframed" when the animation system writes the property on every frame, else None."""
    holder = resolved.owner.id_data or resolved.id_data     # an embedded node tree carries animation of its own
    animation = holder.animation_data
    if animation is None:
        return None
    if any(_writes(curve, holder, resolved) for curve in animation.drivers):
        return "driven"
    if any(_writes(curve, holder, resolved) for curve in compat.animation_curves(animation)):
        return "keyframed"
    return None


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
