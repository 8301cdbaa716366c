"""Whether a drawn value can be written into a property, and stays there."""

from __future__ import annotations

from ..protocol import InputError
from . import compat, paths, pointers
from .animated import animated_by
from .paths import PropertyRef
from .property_info import describe


def check_drawable(ref: PropertyRef) -> None:
    """Raises InputError, saying why and what to do, when drawing a value into the property could not work."""
    check_writable(ref)
    if pointers.kind(ref):
        return                                          # no pointer can be animated in Blender
    info = describe(ref)
    if info.type not in ("FLOAT", "INT", "BOOLEAN", "ENUM") or paths.is_flag(paths.resolve(ref).rna):
        raise InputError(f"{ref} is not a number, a switch, a choice or a data-block to choose, so it cannot be "
                         "learnable.")
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
    cause = animated_by(resolved)
    if cause:
        raise InputError(f"{ref} is {cause}, which would overwrite every drawn value; remove the "
                         f"{'driver' if cause == 'driven' else 'keyframes'} first.")
