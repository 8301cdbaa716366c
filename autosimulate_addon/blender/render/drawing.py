"""Draws s into the scene, and takes it out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from ...protocol import Draw, InputError
from .. import compat, drawable, identity, paths
from ..marks.mark import Mark
from ..paths import PropertyRef
from . import slots
from .snapshot import Restorer


class Drawer:
    """Puts draws into the scene; leaving the context puts back every value that was there, exactly.

    ``with Drawer(scene, marks) as drawer: drawer.put(draw)``. Data-blocks are found by name at every ``put``. Film
    marks are not drawn: they act on the finished image. Entering raises InputError, and changes nothing, when a mark
    points to something that is gone, linked, read-only, driven or keyframed.
    """

    def __init__(self, scene: bpy.types.Scene, marks: Sequence[Mark]) -> None:
        self.scene = scene
        self.marks = tuple(mark for mark in marks if mark.enabled and mark.kind != "FILM")
        self._restorer = Restorer()
        self._originals: dict[PropertyRef, np.ndarray] = {}
        self._slots: dict[PropertyRef, slots.Slots] = {}        # of objects whose data is drawn

    def __enter__(self) -> Drawer:
        self._check()
        try:
            for mark in self.marks:
                for ref in mark.targets if mark.kind == "MATERIAL" else ():
                    slots.make_own(paths.data_block(ref), self._restorer)
            for mark in self.marks:
                for ref in drawn_properties(mark):
                    self._remember(ref)
        except BaseException:
            self._restorer.restore()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self._restorer.restore()
        for layer in self.scene.view_layers:
            layer.update()      # what follows from the values (world matrices) goes back with them

    def put(self, draw: Draw) -> None:
        """Writes one draw. Continuous values: (count, size) in the property's unit; discrete: (count, 1) item indices.

        Raises InputError for missing or non-finite values; the scene may then hold part of the draw, until exit.
        """
        # States first: a state may set the very scene in which the other factors then vary. Then objects' data, which
        # bring the slots that materials are put into.
        for mark in sorted(self.marks, key=lambda mark: (mark.kind != "STATE", not any(map(is_data, mark.targets)))):
            if mark.name not in draw:
                raise InputError(f"The draw has no value for {mark.name!r}; resume with the same marks as before.")
            values = np.asarray(draw[mark.name])
            if not np.isfinite(values).all():
                raise InputError(f"The value drawn for {mark.name!r} is not a finite number; check its psi.")
            if mark.kind == "STATE":
                self._put_state(mark, _item(mark, values.ravel()[0]))
            else:
                self._put_targets(mark, values.reshape(len(mark.targets), -1))

    def _put_targets(self, mark: Mark, values: np.ndarray) -> None:
        for ref, value in zip(mark.targets, values, strict=True):
            if mark.kind == "MATERIAL":
                slots.wear(paths.data_block(ref), _material(mark.items[_item(mark, value[0])]))
            else:
                self._set(ref, property_values(mark, value))

    def _put_state(self, mark: Mark, index: int) -> None:
        wanted = dict(mark.states[index])
        for ref in drawn_properties(mark):       # what this state does not name is as it was before
            self._set(ref, wanted[ref] if ref in wanted else self._originals[ref])

    def _set(self, ref: PropertyRef, value: Any) -> None:
        if ref in self._slots:
            self._slots[ref].through(paths.data_block(ref), lambda: paths.set(ref, value))
        else:
            paths.set(ref, value)

    def _remember(self, ref: PropertyRef) -> None:
        resolved = paths.resolve(ref)
        if is_data(ref):
            self._slots[ref] = slots.Slots(resolved.owner)
        if resolved.rna is not None:
            self._restorer.remember(resolved.owner)
        before = paths.read(resolved)
        self._originals[ref] = before
        if resolved.rna is not None and not resolved.owner.is_property_set(resolved.identifier):
            self._restorer.defer(lambda: _unset(ref))       # add-ons' properties (Cycles') exist only once set
        self._restorer.defer(lambda: self._set(ref, before))

    def _check(self) -> None:
        for mark in self.marks:
            for ref in (mark.targets if mark.kind == "MATERIAL" else drawn_properties(mark)):
                if mark.kind == "MATERIAL":
                    _check_material_target(mark, ref)
                elif mark.kind == "STATE":
                    drawable.check_writable(ref)
                else:
                    drawable.check_drawable(ref)


def _unset(ref: PropertyRef) -> None:
    resolved = paths.resolve(ref)
    resolved.owner.property_unset(resolved.identifier)


def property_values(mark: Mark, drawn: np.ndarray) -> Any:
    """What one target of a PROPERTY mark is set to for its row of the draw."""
    if mark.family in ("integer", "categorical"):
        item = mark.items[_item(mark, drawn[0])]
        return int(item) if mark.family == "integer" else item
    if mark.family == "bernoulli":
        return bool(_item(mark, drawn[0]))
    return drawn


def _item(mark: Mark, position: float) -> int:
    count = len(mark.items)
    if not 0 <= position < count or position != int(position):
        raise InputError(f"The draw asks for choice {position:g} of {mark.name!r}, which has {count} choices; check "
                         "its psi.")
    return int(position)


def drawn_properties(mark: Mark) -> list[PropertyRef]:
    """All properties that a mark writes, each once, in order (none for MATERIAL and FILM)."""
    if mark.kind == "STATE":
        return list(dict.fromkeys(ref for state in mark.states for ref, _ in state))
    return list(mark.targets) if mark.kind == "PROPERTY" else []


def is_data(ref: PropertyRef) -> bool:
    """Whether this is what an object is made of: its mesh, light or camera."""
    return ref.collection == "objects" and ref.path == "data"


def _material(name: str) -> bpy.types.Material:
    material = identity.labelled(bpy.data.materials, name)
    if material is None:
        raise InputError(f"The material {name!r} is not in the file; rename it back or remove it from the choices.")
    return material


def _check_material_target(mark: Mark, ref: PropertyRef) -> None:
    block = paths.data_block(ref)
    materials = getattr(getattr(block, "data", None), "materials", None)
    if materials is None:
        raise InputError(f"{ref} cannot wear a material; remove it from {mark.name!r}.")
    if not compat.is_editable(block) or not (block.material_slots or compat.is_editable(block.data)):
        raise InputError(f"{ref} is linked from a library and cannot change its material; make it local.")
    for item in mark.items:
        _material(item)
