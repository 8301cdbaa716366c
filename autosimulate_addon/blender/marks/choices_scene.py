"""Choices of a mark that lets a property point to one data-block or another, in the scene's property groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from ...protocol import InputError
from .. import pointers
from ..paths import PropertyRef
from . import learned, mark_scene


def target_of(group: Any) -> PropertyRef | None:
    """The first property that the mark lets point to one data-block or another, None where it does not do that.

    Raises InputError when it is gone.
    """
    if group.kind != "PROPERTY" or group.family != "CATEGORICAL" or not len(group.targets):
        return None
    ref = mark_scene.ref_of(group.name, group.targets[0])
    return ref if pointers.kind(ref) else None


def required_target(group: Any) -> PropertyRef:
    """The same. Raises InputError where the mark chooses among something else, too."""
    ref = target_of(group)
    if ref is None:
        raise InputError(f"{group.name} does not choose among data-blocks")
    return ref


def addable(group: Any) -> list[bpy.types.ID]:
    """The data-blocks that could be choices too, by name."""
    ref = target_of(group)
    taken = [item.id for item in group.items]
    return [block for block in pointers.choices(ref) if block not in taken] if ref is not None else []


def add(group: Any, blocks: Sequence[bpy.types.ID]) -> int:
    """Makes the data-blocks choices, each with a share like the others'; returns how many were not before.

    Raises InputError, and adds none, where one of them is not what the property can point to.
    """
    ref = required_target(group)
    fitting = pointers.choices(ref)
    for block in blocks:
        if block not in fitting:
            raise InputError(f"{block.name!r} cannot be a choice of {group.name}, which takes a "
                             f"{pointers.KINDS[pointers.kind(ref)]} for {ref}")
    present = [item.id for item in group.items]
    new = [block for block in dict.fromkeys(blocks) if block not in present]
    for block in new:
        count = len(group.items)
        share = sum(item.p for item in group.items) / count if count else 1.0
        item = group.items.add()
        item.name, item.id, item.p = pointers.labels([block])[0], block, share
        learned.gain_choice(group, count)
    total = sum(item.p for item in group.items)
    for item in group.items if new and total > 0.0 else ():
        item.p /= total
    return len(new)
