"""Classes in the scene's property groups (``properties``) <-> a ClassTable (``mark``)."""

from __future__ import annotations

import bpy

from ...protocol import InputError, vocabulary
from .. import paths
from ..paths import PropertyRef
from .label_text import join_labels, split_labels
from .mark import ClassTable
from .presence import left, still_there

#: The colours that masks have, as Blender's properties hold them (sRGB from 0 to 1).
CLASS_COLORS = tuple(tuple(value / 255 for value in color) for color in vocabulary.CLASS_COLORS)


def read_classes(scene: bpy.types.Scene) -> ClassTable:
    """The scene's classes; index 0 is the background, also when the user lists one of that name."""
    names: list[str] = ["background"]
    members: dict[str, tuple[PropertyRef, ...]] = {}
    ids: dict[str, int] = {"background": 0}
    labels: dict[str, tuple[str, ...]] = {}
    owner: dict[PropertyRef, str] = {}
    for group in scene.autosimulate.classes:
        name = group.name
        if not name:
            raise InputError("A class has no name; give it one.")
        if name in names[1:]:
            raise InputError(f"Two classes are named {name!r}; rename or remove one of them.")
        if name != "background":
            names.append(name)
        ids[name] = group.validation_id
        if said := split_labels(group.validation_labels):
            labels[name] = said
        blocks = []
        for member in left(group.members):
            if not still_there(member):
                raise InputError(f"Class {name!r} has only members that were deleted: assign others, or remove the "
                                 "class.")
            ref = paths.ref_to(member.id)
            if owner.setdefault(ref, name) != name:
                raise InputError(f"{ref} is in class {owner[ref]!r} and in class {name!r}; remove it from one of them.")
            blocks.append(ref)
        members[name] = tuple(blocks)
    classes = ClassTable(tuple(names), members, ids, _keypoints(scene), labels)
    if same := classes.same_ids():
        raise InputError(f"Classes {same[0]!r} and {same[1]!r} both have the validation id {same[2]}; give each its "
                         "own.")
    return classes


def _keypoints(scene: bpy.types.Scene) -> dict[str, tuple[PropertyRef, ...]]:
    """Those whose empty is still there, by name."""
    found: dict[str, tuple[PropertyRef, ...]] = {}
    for point in scene.autosimulate.keypoints:
        if still_there(point):
            if not point.name:
                raise InputError(f"The keypoint of {point.id.name!r} has no name; give it one.")
            found[point.name] = (*found.get(point.name, ()), paths.ref_to(point.id))
    return found


def write_classes(scene: bpy.types.Scene, classes: ClassTable) -> None:
    """Replaces the scene's classes by these."""
    groups = scene.autosimulate.classes
    groups.clear()
    for index, name in enumerate(classes.names):
        if name == "background" and not classes.members.get(name) and not classes.labels.get(name):
            continue
        group = groups.add()
        group.name = name
        group.color = CLASS_COLORS[(index - 1) % len(CLASS_COLORS)]
        group.validation_id = classes.validation_id(name)
        group.validation_labels = join_labels(classes.labels.get(name, ()))
        for ref in classes.members.get(name, ()):
            group.members.add().id = paths.data_block(ref)      # linked or not: it is not changed
    scene.autosimulate.active_class = 0
    scene.autosimulate.keypoints.clear()
    for name, refs in classes.keypoints.items():
        for ref in refs:
            point = scene.autosimulate.keypoints.add()
            point.name, point.id = name, paths.data_block(ref)
