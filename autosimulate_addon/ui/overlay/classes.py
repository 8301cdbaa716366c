"""Which class the viewport shows objects and materials in: as the masks will have it, read from the scene's classes."""

from __future__ import annotations

from collections.abc import Iterator

import bpy


def of_objects(scene: bpy.types.Scene) -> dict[int, int]:
    """session_uid of an object -> position of its class: its own, else that of its innermost collection."""
    found: dict[int, int] = {}
    depths: dict[int, int] = {}
    for position, block in _members(scene, "COLLECTION"):
        for obj, depth in _objects_below(block):
            if obj.session_uid not in found or depth < depths[obj.session_uid]:
                found[obj.session_uid], depths[obj.session_uid] = position, depth
    found.update((block.session_uid, position) for position, block in _members(scene, "OBJECT"))
    return found


def of_materials(scene: bpy.types.Scene) -> dict[int, int]:
    """session_uid of a material -> position of its class, which its pixels have before any object's."""
    return {block.session_uid: position for position, block in _members(scene, "MATERIAL")}


def _members(scene: bpy.types.Scene, kind: str) -> Iterator[tuple[int, bpy.types.ID]]:
    for position, group in enumerate(scene.autosimulate.classes):
        for member in group.members:
            if member.id is not None and member.id.id_type == kind:
                yield position, member.id


def _objects_below(collection: bpy.types.Collection, depth: int = 0) -> Iterator[tuple[bpy.types.Object, int]]:
    for obj in collection.objects:
        yield obj, depth
    for child in collection.children:
        yield from _objects_below(child, depth + 1)
