"""Classes in the scene's property groups (``properties``) <-> a ClassTable (``marks``)."""

from __future__ import annotations

import bpy

from ...protocol import InputError
from .. import paths
from ..paths import PropertyRef
from .mark import ClassTable
from .presence import left, still_there

#: Colours given to classes in turn (sRGB), far apart also for most colour-blind people (Okabe and Ito).
CLASS_COLORS = ((0.90, 0.62, 0.00), (0.34, 0.71, 0.91), (0.00, 0.62, 0.45), (0.80, 0.47, 0.65), (0.00, 0.45, 0.70),
                (0.84, 0.37, 0.00), (0.94, 0.89, 0.26), (0.60, 0.60, 0.60))


def read_classes(scene: bpy.types.Scene) -> ClassTable:
    """The scene's classes; index 0 is the background, also when the user lists one of that name."""
    names: list[str] = ["background"]
    members: dict[str, tuple[PropertyRef, ...]] = {}
    ids: dict[str, int] = {"background": 0}
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
    seen: dict[int, str] = {}
    for name in names:
        if seen.setdefault(ids[name], name) != name:
            raise InputError(f"Classes {seen[ids[name]]!r} and {name!r} both have the validation id {ids[name]}; give "
                             "each its own.")
    return ClassTable(tuple(names), members, ids)


def write_classes(scene: bpy.types.Scene, classes: ClassTable) -> None:
    """Replaces the scene's classes by these."""
    groups = scene.autosimulate.classes
    groups.clear()
    for index, name in enumerate(classes.names):
        if name == "background" and not classes.members.get(name):
            continue
        group = groups.add()
        group.name = name
        group.color = CLASS_COLORS[(index - 1) % len(CLASS_COLORS)]
        group.validation_id = classes.validation_id(name)
        for ref in classes.members.get(name, ()):
            group.members.add().id = paths.data_block(ref)      # linked or not: it is not changed
    scene.autosimulate.active_class = 0
