"""Which class a pixel belongs to: index passes of the render, and the tables that turn them into classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import bpy
import numpy as np

from ...protocol import InputError
from ..identity import Key, key
from ..marks.mark import ClassTable
from ..paths import PropertyRef
from .snapshot import Restorer

#: pass_index is at most this; objects beyond (class members come first) stay unlabelled.
MAX_INDEX = 32767
#: Labels are uint8 and 255 means "ignore" in masks.
MAX_CLASSES = 254


class Labels:
    """Numbers objects and materials for the index passes, and says what class each number is.

    The finer wins: a pixel's material, then its object, then the innermost collection that has a class. An instance
    whose own object has no class takes that of what instances it. Objects cut out of the picture (holdout, shadow
    catcher) are background. In Cycles the index passes hold what the first sample of each pixel hit: exact, and never
    mixed along edges. In EEVEE what covers most of a pixel counts.
    """

    def __init__(self, scene: bpy.types.Scene, classes: ClassTable) -> None:
        """Raises InputError when a member is not in the file or is in two classes."""
        if len(classes.names) > MAX_CLASSES:
            raise InputError(f"There are {len(classes.names)} classes; at most {MAX_CLASSES} can be told apart.")
        members: dict[PropertyRef, int] = {}
        for index, name in enumerate(classes.names):
            for ref in classes.members.get(name, ()):
                _check_member(name, ref)
                other = members.setdefault(ref, index)
                if other != index:
                    raise InputError(f"{ref} is in two classes, {classes.names[other]!r} and {name!r}; remove it from "
                                     "one.")
        self.names = classes.names
        by_object = _classes_of_objects(members)
        first = [*_sorted(scene.objects), *_sorted(bpy.data.objects)]
        first = [block for block in first if block in by_object] + first
        #: Object -> its number in the object index pass and in ``Render.instances``, from 1.
        self.numbers = {block: number for number, block in enumerate(dict.fromkeys(first), start=1)
                        if number <= MAX_INDEX}
        self.class_of_object = np.zeros(len(self.numbers) + 1, dtype=np.uint8)
        for block, index in by_object.items():
            if block in self.numbers:
                self.class_of_object[self.numbers[block]] = index
        materials = [ref for ref in members if ref.collection == "materials"]
        self.material_numbers = {ref.key: number for number, ref in enumerate(materials, start=1)}
        self.class_of_material = np.array([0, *map(members.get, materials)], dtype=np.uint8)

    @property
    def uses_materials(self) -> bool:
        return len(self.class_of_material) > 1

    def apply(self, restorer: Restorer, view_layer: bpy.types.ViewLayer) -> None:
        """Sets ``pass_index`` of every object and of the class materials; all are put back by ``restore``."""
        cut_out = set(_cut_out(view_layer))
        #: As ``numbers``, without what is cut out of the picture.
        self.rendered_numbers = {block: number for block, number in self.numbers.items() if block not in cut_out}
        for block in bpy.data.objects:
            restorer.set(block, "pass_index", self.rendered_numbers.get(key(block), 0))
        if self.uses_materials:
            for material in bpy.data.materials:
                restorer.set(material, "pass_index", self.material_numbers.get(key(material), 0))

    def check_names(self) -> None:
        """Raises InputError where Cryptomatte, which knows names alone, could not tell the classes apart."""
        objects = {block: int(self.class_of_object[number]) for block, number in self.numbers.items()}
        materials = {key(block): int(self.class_of_material[self.material_numbers.get(key(block), 0)])
                     for block in (bpy.data.materials if self.uses_materials else ())}
        for word, table in (("objects", objects), ("materials", materials)):
            class_of: dict[str, int] = {}
            for (name, _), index in table.items():
                if class_of.setdefault(name, index) != index:
                    raise InputError(f"Two {word} are named {name!r} and only one of them is in class "
                                     f"{self.names[index or class_of[name]]!r}: EEVEE tells them apart by name alone; "
                                     "render by Cycles.")

    def decode(self, instances: np.ndarray, class_of_instance: np.ndarray,
               materials: np.ndarray | None) -> np.ndarray:
        """(H, W) uint8 class indices from instance numbers, their classes, and the materials' numbers."""
        labels = class_of_instance[instances]
        if materials is not None and self.uses_materials:
            by_material = self.class_of_material[materials]
            labels = np.where((by_material > 0) & (instances > 0), by_material, labels)
        return labels


def indices(index_pass: np.ndarray, count: int) -> np.ndarray:
    """(H, W) integers below ``count`` from an index pass (float32 whole numbers)."""
    numbers = np.rint(index_pass).astype(np.int32)
    numbers[(numbers < 0) | (numbers >= count)] = 0
    return numbers


def _check_member(class_name: str, ref: PropertyRef) -> None:
    if ref.collection not in ("objects", "collections", "materials"):
        raise InputError(f"Class {class_name!r}: {ref} is neither an object, a collection nor a material.")
    if getattr(bpy.data, ref.collection).get(ref.key) is None:
        raise InputError(f"Class {class_name!r}: {ref} is not in the file; rename it back or remove it from the class.")


def _sorted(blocks: Iterable[bpy.types.Object]) -> list[Key]:
    return sorted(map(key, blocks), key=lambda each: (each[0], each[1] or ""))


def _classes_of_objects(members: dict[PropertyRef, int]) -> dict[Key, int]:
    """Class of every object that has one."""
    # Inner collections are visited after those around them, so theirs overwrites; of two that are side by side the
    # first class in the table wins, as everywhere.
    class_of: dict[Key, int] = {}
    depth_of: dict[Key, int] = {}
    collections = sorted((index, ref.name, ref.library or "", ref) for ref, index in members.items()
                         if ref.collection == "collections")
    for index, *_, ref in collections:
        for block, depth in _objects_below(bpy.data.collections[ref.key]):
            if block not in class_of or depth < depth_of[block]:
                class_of[block], depth_of[block] = index, depth
    class_of |= {ref.key: index for ref, index in members.items() if ref.collection == "objects"}
    return class_of


def _objects_below(collection: bpy.types.Collection, depth: int = 0) -> Iterator[tuple[Key, int]]:
    for block in collection.objects:
        yield key(block), depth
    for child in collection.children:
        yield from _objects_below(child, depth + 1)


def _cut_out(view_layer: bpy.types.ViewLayer) -> Iterator[Key]:
    """Objects that leave a hole or only a shadow in the picture."""
    for block in view_layer.objects:
        if block.is_holdout or block.is_shadow_catcher:
            yield key(block)

    def visit(layer: bpy.types.LayerCollection) -> Iterator[Key]:
        for child in layer.children:
            if child.holdout:
                yield from (key(block) for block in child.collection.all_objects)
            else:
                yield from visit(child)

    yield from visit(view_layer.layer_collection)
