"""States marks in the scene's property groups: made of properties that the user adds, and of states captured then."""

from __future__ import annotations

from typing import Any

import bpy

from ...protocol import InputError
from .. import paths
from ..paths import PropertyRef
from . import learned, mark_scene, states
from .mark import Mark


def add_property(scene: bpy.types.Scene, ref: PropertyRef) -> Any:
    """Lets the states also set this property; returns the mark, which is made when there is none.

    The active mark is taken when it has states, else the first that has. Every state gets the present value: they
    differ once another is captured. Raises InputError, and changes nothing, when the property cannot be set or is
    drawn by a mark already.
    """
    (_, value), = states.capture([ref])
    present = mark_scene.whole_marks(scene)
    probe = Mark(name="\0", kind="STATE", items=("",), states=(((ref, value),),))
    try:
        mark_scene.check([*present, probe])
    except InputError as error:
        raise InputError(f"{ref} is learnable already: remove it there first") from error
    group = _chosen(scene)
    if group is None:
        group = scene.autosimulate.marks.add()
        group.name = mark_scene.unique_name("States", scene.autosimulate.marks.keys()[:-1])
        group.kind, group.family = "STATE", "CATEGORICAL"
        item = group.items.add()
        item.name, item.p = "State 1", 1.0
    for item in group.items:
        _add_value(item, ref, value)
    scene.autosimulate.active_mark = scene.autosimulate.marks.find(group.name)
    return group


def capture_state(group: Any, name: str) -> Any:
    """Adds a state: the present values of all properties that the mark's states set. Raises InputError."""
    mark = mark_scene.mark_of(group)
    refs = [ref for ref, _ in mark.states[0]] if mark.states else []
    if not refs:
        raise InputError(f"{group.name} sets no property yet: right-click one and choose Add to States")
    captured = states.capture(refs)
    taken = [other.name for other in group.items]
    average = sum(other.p for other in group.items) / len(group.items)     # a share like the others'
    item = group.items.add()
    item.name = mark_scene.unique_name(name, taken) if name else _numbered(taken)
    item.p = average
    learned.gain_choice(group, len(taken))
    for ref, value in captured:
        _add_value(item, ref, value)
    return item


def remove_property(scene: bpy.types.Scene, ref: PropertyRef) -> list[str]:
    """Takes the property out of every state; a mark without any property left goes. Returns the marks it was in."""
    names = find_states(scene, ref)
    for name in names:
        group = scene.autosimulate.marks[name]
        for item in group.items:
            for i in reversed(range(len(item.values))):
                if mark_scene.names_property(item.values[i], ref):
                    item.values.remove(i)
        if not any(len(item.values) for item in group.items):
            mark_scene.remove_mark(scene, name)
    return names


def find_states(scene: bpy.types.Scene, ref: PropertyRef) -> list[str]:
    """Names of the states marks that set this property or a component of it."""
    return [group.name for group in scene.autosimulate.marks if group.kind == "STATE"
            and any(mark_scene.names_property(value, ref) for item in group.items for value in item.values)]


def _chosen(scene: bpy.types.Scene) -> Any:
    marks = scene.autosimulate.marks
    index = scene.autosimulate.active_mark
    if 0 <= index < len(marks) and marks[index].kind == "STATE":
        return marks[index]
    return next((group for group in marks if group.kind == "STATE"), None)


def _numbered(taken: list[str]) -> str:
    number = len(taken) + 1
    while f"State {number}" in taken:
        number += 1
    return f"State {number}"


def _add_value(item: Any, ref: PropertyRef, value: Any) -> None:
    entry = item.values.add()
    entry.id, entry.path, entry.index = paths.data_block(ref), ref.path, ref.index
    entry.value = states.to_json(value)
