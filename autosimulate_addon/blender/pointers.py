"""Properties that point to a data-block (a scene's world, a slot's material, an object's mesh): what to choose from."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..protocol import InputError, suggestion
from . import identity, paths
from .paths import PropertyRef, Resolved

#: Kinds that can be chosen among, as collections of ``bpy.data``, and what one of each is called. Not those whose
#: choice changes what hangs on them (node groups: links and inputs; armatures: bones), which could not be put back.
KINDS = {"worlds": "world", "materials": "material", "meshes": "mesh", "curves": "curve", "lights": "light",
         "cameras": "camera", "images": "image", "objects": "object", "collections": "collection",
         "textures": "texture"}
#: Images that are no files but what Blender shows.
_SHOWN = ("RENDER_RESULT", "COMPOSITING")


def kind(ref: PropertyRef) -> str:
    """What the property can choose among ("worlds"), "" where it points to nothing of that kind. InputError as
    ``resolve``."""
    resolved = paths.resolve(ref)
    found = paths.pointed_kind(resolved)
    # What is active is another thing after the next click; an object without slots would get one.
    return found if found in KINDS and not resolved.identifier.startswith("active_") else ""


def block_of(ref: PropertyRef, label: str) -> bpy.types.ID:
    """The data-block of this label that the property can point to. Raises InputError where there is none."""
    resolved = paths.resolve(ref)
    found = kind(ref)
    block = identity.labelled(getattr(bpy.data, found), label)
    if block is None or not _fits(resolved, block):
        known = [identity.label(other, getattr(bpy.data, found)) for other in choices(ref)]
        raise InputError(f"there is no {KINDS[found]} {label!r} for {ref}{suggestion(label, known)}; choose another or "
                         "remove the choice")
    return block


def choices(ref: PropertyRef) -> list[bpy.types.ID]:
    """All data-blocks that the property can point to, by name."""
    resolved = paths.resolve(ref)
    return sorted((block for block in getattr(bpy.data, kind(ref)) if _fits(resolved, block)),
                  key=lambda block: block.name_full)


def suggested(ref: PropertyRef) -> list[bpy.types.ID]:
    """What a choice begins with: those that are marked as assets where there are two, else all; of objects those of the
    type that is there now."""
    now = paths.value_of(paths.resolve(ref))
    alike = [block for block in choices(ref)
             if not isinstance(now, bpy.types.Object) or block.type == now.type]
    assets = [block for block in alike if block.asset_data is not None]
    return assets if len(assets) > 1 else alike


def labels(blocks: Sequence[bpy.types.ID]) -> tuple[str, ...]:
    """What people and files call the data-blocks, which are of one kind."""
    return tuple(identity.label(block, getattr(bpy.data, paths.collection_of(block))) for block in blocks)


def _fits(resolved: Resolved, block: bpy.types.ID) -> bool:
    """Whether the property takes this block of its kind. RNA tells it of types alone, and refuses others silently."""
    if isinstance(block, bpy.types.Material):
        pencil = getattr(resolved.id_data, "type", "").startswith("GREASEPENCIL")
        return block.is_grease_pencil == pencil
    if isinstance(block, bpy.types.Image):
        return block.type not in _SHOWN
    if isinstance(block, bpy.types.Object):
        if block == resolved.id_data or not _kept(block):
            return False
        return resolved.identifier != "camera" or block.type == "CAMERA"
    if isinstance(block, bpy.types.Collection):
        return resolved.id_data not in block.all_objects[:]         # it would be made of itself
    if isinstance(block, bpy.types.Curve):
        return type(block) is type(paths.value_of(resolved))        # a text is a curve, too
    return True


def _kept(block: bpy.types.Object) -> bool:
    """Deleting an object in the window takes it out of its scene; what is in none may still be kept as an asset."""
    return bool(block.users_collection or block.users_scene or block.asset_data or block.use_fake_user)
