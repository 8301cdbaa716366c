"""Material slots of objects whose materials, or whose mesh with slots of its own, are drawn."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from .snapshot import Restorer


def make_own(block: bpy.types.Object, restorer: Restorer) -> None:
    """From here on the object's slots are its own, so that other users of the same mesh keep their material."""
    if not block.material_slots:
        data, active = block.data, block.active_material_index
        data.materials.append(None)
        restorer.defer(lambda: setattr(block, "active_material_index", active))
        restorer.defer(data.materials.clear)     # pop would leave the objects' own slots behind
    for slot in block.material_slots:
        if slot.link == "DATA":
            restorer.defer(lambda slot=slot: setattr(slot, "link", "DATA"))
            slot.link = "OBJECT"
        restorer.defer(lambda slot=slot, worn=slot.material: setattr(slot, "material", worn))


def wear(block: bpy.types.Object, material: bpy.types.Material) -> None:
    """Puts the material into every slot, for this object alone."""
    for slot in block.material_slots:
        if slot.link != "OBJECT":       # of a mesh that was drawn since, with more slots
            slot.link = "OBJECT"
        if slot.material != material:
            slot.material = material


class Slots:
    """What an object's own slots wear: a mesh with fewer slots takes the rest away, and Blender does not bring it back.
    """

    def __init__(self, block: bpy.types.Object) -> None:
        self._worn = [(slot.link, slot.material) for slot in block.material_slots]

    def through(self, block: bpy.types.Object, change: Callable[[], None]) -> None:
        """Changes the object's data; its slots then are as they were, as far as the new data have some."""
        for slot in block.material_slots:
            if slot.link == "OBJECT":
                slot.material = None    # a slot that goes away with its material leaves the material one user too many
        change()
        for slot, (link, material) in zip(block.material_slots, self._worn, strict=False):
            if slot.link != link:
                slot.link = link
            if link == "OBJECT" and slot.material != material:
                slot.material = material
