"""Marks in the scene's property groups (``properties``) <-> plain data (``mark``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from ...protocol import CONTINUOUS, FILM, InputError, suggestion
from ...protocol.vocabulary import film_key
from .. import compat, identity, paths, pointers, property_info
from ..paths import PropertyRef
from . import effects, factors, learned, states
from .classes import CLASS_COLORS, read_classes, write_classes
from .defaults import complete
from .mark import MAX_SIZE, ClassTable, Mark
from .presence import left, still_there

__all__ = ["CLASS_COLORS", "add_mark", "awaits_choices", "check", "default_name", "fill_distribution", "find_marks",
           "is_whole", "mark_of", "names_property", "read", "read_classes", "ref_of", "remove_mark", "unique_name",
           "whole_marks", "write", "write_classes"]

#: How "no limit" is written in a FloatVectorProperty; nearly the largest single-precision number.
NO_LIMIT = 3.0e38


def read(scene: bpy.types.Scene, *, disabled: bool = False) -> tuple[list[Mark], ClassTable]:
    """The scene's marks (only the enabled ones unless ``disabled``) and classes.

    Raises InputError, naming the mark and the mend, when a data-block is gone, two marks draw the same property, two
    have the same name, or a class is unusable.
    """
    groups = scene.autosimulate
    marks = [mark_of(group) for group in groups.marks if disabled or group.enabled]
    check(marks)
    return marks, read_classes(scene)


def mark_of(group: Any) -> Mark:
    """One AUTOSIMULATE_PG_mark as a Mark, complete as it was put there. Raises InputError when a data-block is gone."""
    name, kind = group.name, group.kind
    if not name:
        raise InputError("A learnable property has no name; give it one.")
    common = {"name": name, "kind": kind, "family": group.family.lower(), "locked": group.locked,
              "enabled": group.enabled}
    targets = tuple(ref_of(name, target) for target in left(group.targets)) if kind in ("PROPERTY", "MATERIAL") else ()
    if common["family"] in CONTINUOUS:
        size = group.size
        return Mark(**common, targets=targets, mean=_numbers(group.mean, size), std=_numbers(group.std, size),
                    low=_numbers(group.low, size) if group.use_low else None,
                    high=_numbers(group.high, size) if group.use_high else None)
    items = tuple(item.name for item in group.items)
    state_values: tuple = ()
    if kind == "MATERIAL":
        for item in group.items:
            if item.material is None:
                raise InputError(f"Mark {name!r}: the material of choice {item.name!r} no longer exists; choose "
                                 "another or remove the choice.")
        items = tuple(identity.label(item.material, bpy.data.materials) for item in group.items)
    elif kind == "PROPERTY":
        items = tuple(pointers.labels([item.id])[0] if item.id is not None else item.name for item in group.items)
    elif kind == "STATE":
        state_values = tuple(tuple(_state_value(name, value) for value in left(item.values)) for item in group.items)
    total = sum(item.p for item in group.items)
    if group.items and total <= 0.0:
        raise InputError(f"Mark {name!r}: all probabilities are 0; raise at least two of them.")
    # The window shows weights that the user moves one at a time: what matters is their share.
    p = tuple(_shortest(item.p) / total for item in group.items)
    return Mark(**common, targets=targets, items=items, states=state_values, p=p)


def write(scene: bpy.types.Scene, marks: Sequence[Mark], classes: ClassTable | None = None) -> None:
    """Replaces the scene's marks by these, which are complete (and its classes, when given)."""
    check(marks)
    for mark in marks:
        factors.factor_of(mark)     # nothing is written when one of them cannot be used
    groups = scene.autosimulate.marks
    groups.clear()
    for mark in marks:
        _fill(groups.add(), mark)
    scene.autosimulate.active_mark = 0
    if classes is not None:
        write_classes(scene, classes)


def add_mark(scene: bpy.types.Scene, mark: Mark) -> Any:
    """Adds a mark to the scene, completed where it leaves fields out; returns the new property group.

    Its name is made unique; a film mark's says what it acts on ("film:exposure") and stays. Raises InputError and
    changes nothing when the property cannot be learnable or already is.
    """
    if mark.kind != "FILM":
        name = mark.name or default_name(mark.targets, mark.kind)
        mark = mark.with_(name=unique_name(name, scene.autosimulate.marks.keys()))
    present = whole_marks(scene)
    check([*present, mark])
    mark = complete(mark)
    if not awaits_choices(mark):
        factors.factor_of(mark)
    effects.check_one(mark, effects.drawn_by(present))
    group = scene.autosimulate.marks.add()
    _fill(group, mark)
    scene.autosimulate.active_mark = len(scene.autosimulate.marks) - 1
    return group


def awaits_choices(mark: Mark) -> bool:
    """Whether a mark in the window still lacks the second data-block, or state, that makes a choice of it."""
    return len(mark.items) < 2 and (mark.kind == "STATE" or (
        mark.kind == "PROPERTY" and mark.family == "categorical" and bool(pointers.kind(mark.targets[0]))))


def remove_mark(scene: bpy.types.Scene, name: str) -> None:
    """Removes one mark, with what was learned of it. Raises InputError when there is none of this name."""
    index = scene.autosimulate.marks.find(name)
    if index < 0:
        raise InputError(f"There is no mark {name!r}{suggestion(name, scene.autosimulate.marks.keys())}.")
    learned.forget(scene.autosimulate.marks[index])     # else it would be there again with the next mark
    scene.autosimulate.marks.remove(index)
    scene.autosimulate.active_mark = max(0, min(scene.autosimulate.active_mark, len(scene.autosimulate.marks) - 1))


def find_marks(scene: bpy.types.Scene, ref: PropertyRef) -> list[str]:
    """Names of the marks that draw this property or a component of it (for right-click: is it marked?)."""
    names = []
    for group in scene.autosimulate.marks:
        if group.kind == "PROPERTY" and any(names_property(target, ref) for target in group.targets):
            names.append(group.name)
    return names


def names_property(entry: Any, ref: PropertyRef) -> bool:
    """Whether an entry (id, path, index) of a mark or of a state is this property or a component of it."""
    return (entry.id is not None and entry.path == ref.path and paths.ref_to(entry.id) == ref.block
            and (ref.index < 0 or entry.index in (-1, ref.index)))


def default_name(refs: Sequence[PropertyRef], kind: str = "PROPERTY") -> str:
    """What a mark is called unless the user says otherwise: "Lamp Power", "Location of 6 Objects"."""
    if kind == "STATE":
        return "States"
    what = "Material" if kind == "MATERIAL" else _property_name(refs[0])
    if len(refs) == 1:
        return f"{_shown_name(refs[0])} {what}"
    return f"{what} of {len(refs)} {refs[0].collection.replace('_', ' ').title()}"


def _shown_name(ref: PropertyRef) -> str:
    """Lights and cameras go by the name of the object that people see, when it is one."""
    if ref.collection in ("lights", "cameras"):
        users = [made.name for made in bpy.data.objects if made.data == paths.data_block(ref)]
        if len(users) == 1:
            return users[0]
    return ref.name


def unique_name(name: str, taken: Sequence[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def check(marks: Sequence[Mark]) -> None:
    """Raises InputError when two marks have one name or draw the same property."""
    drawn: dict[tuple, str] = {}
    worn = {ref: mark.name for mark in marks if mark.kind == "MATERIAL" for ref in mark.targets}
    names: set[str] = set()
    for mark in marks:
        if mark.kind == "FILM" and mark.film not in FILM:
            raise InputError(f"{mark.name!r} is no film factor{suggestion(mark.film, FILM)}; use one of "
                             f"{', '.join(map(film_key, FILM))}.")
        if mark.name in names:
            raise InputError(f"Two marks are named {mark.name!r}; rename one of them.")
        names.add(mark.name)
        refs = mark.targets
        if mark.kind == "STATE":
            states.check(mark.name, mark.items, mark.states)
            refs = tuple(dict.fromkeys(ref for state in mark.states for ref, _ in state))
        for ref in refs:
            if ref.path.startswith("material_slots[") and ref.block in worn:
                raise InputError(f"Mark {mark.name!r} draws {ref}, and mark {worn[ref.block]!r} what all slots of the "
                                 "object wear; remove it from one of them.")
            for key in _components(ref):
                if key in drawn:
                    other = drawn[key]
                    twice = "twice" if other == mark.name else f"and so does mark {other!r}"
                    raise InputError(f"Mark {mark.name!r} draws {ref}, {twice}; remove it from one of them.")
            for key in _components(ref):
                drawn[key] = mark.name


def _fill(group: Any, mark: Mark) -> None:
    """Writes a completed mark into an empty AUTOSIMULATE_PG_mark."""
    group.name, group.kind = mark.name, mark.kind
    group.locked, group.enabled = mark.locked, mark.enabled
    for ref in mark.targets:
        _point(group.targets.add(), ref)
    fill_distribution(group, mark)


def fill_distribution(group: Any, mark: Mark) -> None:
    """Gives a group the family, numbers and choices of a completed mark."""
    group.family = mark.family.upper()
    group.items.clear()
    points = mark.kind == "PROPERTY" and mark.family == "categorical" and pointers.kind(mark.targets[0])
    if mark.mean is not None:
        group.size = len(mark.mean)
        if group.size != len(mark.mean):
            raise InputError(f"Mark {mark.name!r}: {len(mark.mean)} components are more than the {MAX_SIZE} that fit "
                             "one mark; mark them one by one.")
        for name in ("mean", "std", "low", "high"):
            values = getattr(mark, name)
            if values is not None:
                padded = np.zeros(MAX_SIZE)
                padded[:len(values)] = np.clip(values, -NO_LIMIT, NO_LIMIT)
                setattr(group, name, padded)
        group.use_low, group.use_high = mark.low is not None, mark.high is not None
    for index, label in enumerate(mark.items):
        item = group.items.add()
        item.name, item.p = label, mark.p[index]
        if mark.kind == "MATERIAL":
            item.material = identity.labelled(bpy.data.materials, label)
        elif points:
            item.id = pointers.block_of(mark.targets[0], label)
        for ref, value in mark.states[index] if mark.states else ():
            entry = item.values.add()
            _point(entry, ref)
            entry.value = states.to_json(value)


def _point(group: Any, ref: PropertyRef) -> None:
    group.id, group.path, group.index = paths.data_block(ref), ref.path, ref.index


def ref_of(mark: str, target: Any) -> PropertyRef:
    """What a target names. Raises InputError when it is gone or cannot change."""
    block = target.id
    if block is None:
        raise InputError(f"Mark {mark!r} points to a data-block that no longer exists: remove the mark.")
    if not still_there(target):
        raise InputError(f"Mark {mark!r}: {block.name!r} was deleted from the scene, and nothing else is left of it: "
                         "remove the mark.")
    if not compat.is_editable(block):
        raise InputError(f"Mark {mark!r}: {block.name!r} is linked from a library and cannot change; make it local or "
                         "give it a library override.")
    return paths.ref_to(block, target.path, target.index)


def _state_value(mark: str, entry: Any) -> tuple[PropertyRef, Any]:
    ref = ref_of(mark, entry)
    return ref, states.from_json(entry.value, ref)


def whole_marks(scene: bpy.types.Scene) -> list[Mark]:
    """The scene's marks, without those whose data-blocks are gone."""
    return [mark_of(group) for group in scene.autosimulate.marks if is_whole(group)]


def is_whole(group: Any) -> bool:
    """Whether all data-blocks of the mark are still there (a broken one must not keep others from being added)."""
    try:
        mark_of(group)
    except InputError:
        return False
    return True


def _components(ref: PropertyRef) -> list[tuple]:
    """Keys of the single numbers that the reference covers."""
    base = (ref.collection, ref.library, ref.name, ref.path)
    if ref.index >= 0:
        return [(*base, ref.index)]
    size = property_info.describe(ref).size if ref.path else 1
    return [(*base, index) for index in range(size)] + [(*base, -1)]


def _property_name(ref: PropertyRef) -> str:
    name = property_info.describe(ref).name
    return f"{name} {'XYZW'[ref.index]}" if 0 <= ref.index < 4 else name


def _numbers(values: Any, size: int) -> tuple[float, ...]:
    """Numbers as they were entered: limits beyond NO_LIMIT are infinite."""
    return tuple(float(np.copysign(np.inf, value)) if abs(value) >= 0.99 * NO_LIMIT else _shortest(value)
                 for value in values[:size])


def _shortest(value: float) -> float:
    """The shortest decimal number that single precision stores as this one: .1 and not .10000000149."""
    return float(str(np.float32(value)))
