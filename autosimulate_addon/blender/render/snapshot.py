"""Remembers what is changed and puts it back exactly, in reverse order, whatever goes wrong in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from ...protocol import AutoSimulateError

#: Restoring one property may change another of the same struct (a lens and its angle): repeat until all are equal.
_ROUNDS = 4


class Restorer:
    """Changes with their undo. ``restore`` puts everything back and reports the first thing that would not go back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []
        self._seen: list[bpy.types.bpy_struct] = []

    def defer(self, undo: Callable[[], Any]) -> None:
        """``undo()`` will be called by ``restore``, later ones first."""
        self._undo.append(undo)

    def set(self, owner: bpy.types.bpy_struct, name: str, value: Any) -> None:
        """Sets an RNA property, remembering the value it had."""
        if plain(getattr(owner, name)) != plain(value):
            self.keep(owner, name)
            setattr(owner, name, value)

    def keep(self, owner: bpy.types.bpy_struct, name: str) -> None:
        """The property will be as it is now, whoever sets it until then."""
        before = plain(getattr(owner, name))
        if not owner.is_property_set(name):     # an add-on's property (Cycles') that has its default
            self._undo.append(lambda: owner.property_unset(name))
        self._undo.append(lambda: setattr(owner, name, before))

    def remember(self, owner: bpy.types.bpy_struct) -> None:
        """Every simple property of the struct will be as it is now, those too that change as a side effect."""
        if any(owner == seen for seen in self._seen):
            return
        self._seen.append(owner)
        values = _values(owner)
        self._undo.append(lambda: _put_back(owner, values))

    def restore(self) -> None:
        errors = []
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:      # the rest must still be put back
                errors.append(error)
        self._seen.clear()
        if errors:
            raise AutoSimulateError(f"The scene could not be put back entirely ({errors[0]}); open the file again "
                                    "without saving.") from errors[0]


def plain(value: Any) -> Any:
    """The value detached from Blender: arrays as (nested) lists, everything else as it is."""
    if isinstance(value, (str, bytes, bpy.types.bpy_struct)) or not hasattr(value, "__len__"):
        return value
    return {*value} if isinstance(value, (set, frozenset)) else [plain(item) for item in value]


#: Follow from other properties, some only after the next evaluation: writing them back would round what they follow.
_DERIVED = frozenset({"rna_type", "name", "dimensions", "matrix", "matrix_world", "matrix_local", "matrix_basis",
                      "matrix_channel", "head", "tail", "frame_current_final", "frame_float"})


def _values(owner: bpy.types.bpy_struct) -> dict[str, Any]:
    """Simple writable properties: numbers, switches, choices, text, pointers to data-blocks."""
    values = {}
    for prop in owner.bl_rna.properties:
        name = prop.identifier
        if name in _DERIVED or prop.type == "COLLECTION" or owner.is_property_readonly(name):
            continue
        value = getattr(owner, name, None)
        if prop.type == "POINTER" and not isinstance(value, bpy.types.ID):
            continue
        values[name] = plain(value)
    return values


def _put_back(owner: bpy.types.bpy_struct, values: dict[str, Any]) -> None:
    refused: Exception | None = None
    for _ in range(_ROUNDS):
        changed = [name for name, value in values.items() if plain(getattr(owner, name)) != value]
        if not changed:
            return
        refused = None
        for name in changed:
            try:
                setattr(owner, name, values[name])
            except (TypeError, AttributeError, ValueError) as error:
                refused = error             # an enum item may be valid again only after another property is back
    if refused is not None:
        raise refused
