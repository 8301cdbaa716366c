"""Whether what marks and classes point to is still in the scene: our own pointers keep deleted data in the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy


def still_there(entry: Any) -> bool:
    """Whether the data-block of a target, of a state's value or of a class's member exists and was not deleted.

    Deleting an object in the window only unlinks it, and leaves its light or camera without an object.
    """
    block = entry.id
    if isinstance(block, bpy.types.Object):
        return _linked(block)
    if isinstance(block, (bpy.types.Light, bpy.types.Camera)):
        users = [made for made in bpy.data.objects if made.data == block]
        return not users or any(_linked(made) for made in users)
    return block is not None


def _linked(made: bpy.types.Object) -> bool:
    return bool(made.users_collection or made.users_scene)


def left(entries: Iterable[Any]) -> list[Any]:
    """Those that are still there; all where none is, for the caller to say so."""
    entries = list(entries)
    return [entry for entry in entries if still_there(entry)] or entries


def deleted(scene: bpy.types.Scene) -> list[str]:
    """A sentence for each mark and class that goes on without some of what it named, because that was deleted."""
    sentences = []
    for what, groups in (("Mark", scene.autosimulate.marks), ("Class", scene.autosimulate.classes)):
        for group in groups:
            gone = dead(group)
            if gone and len(gone) < len(entries_of(group)):
                names = ", ".join(repr(entry.id.name) for entry in gone if entry.id is not None) or "a data-block"
                sentences.append(f"{what} {group.name!r} goes on without what was deleted: {names}.")
    return sentences


def dead(group: Any) -> list[Any]:
    """The targets of a mark, or members of a class, that were deleted."""
    return [entry for entry in entries_of(group) if not still_there(entry)]


def entries_of(group: Any) -> list[Any]:
    """What a mark's or a class's property group points to; of a states mark what its first state sets."""
    if hasattr(group, "members"):
        return list(group.members)
    if group.kind == "STATE":
        return list(group.items[0].values) if len(group.items) else []
    return list(group.targets)


def drop_entry(group: Any, index: int) -> None:
    """Takes one target or member out, of a states mark from every state."""
    lists = [group.members] if hasattr(group, "members") else \
        [item.values for item in group.items] if group.kind == "STATE" else [group.targets]
    for entries in lists:
        if index < len(entries):
            entries.remove(index)


def drop_dead(scene: bpy.types.Scene) -> int:
    """Takes everything deleted out of the marks and classes that have something left; returns how many."""
    dropped = 0
    for groups in (scene.autosimulate.marks, scene.autosimulate.classes):
        for group in groups:
            entries = entries_of(group)
            gone = [i for i, entry in enumerate(entries) if not still_there(entry)]
            if hasattr(group, "members") or len(gone) < len(entries):
                for i in reversed(gone):
                    drop_entry(group, i)
                dropped += len(gone)
    return dropped
