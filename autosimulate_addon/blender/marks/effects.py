"""What the marks draw, all together, and marks that can have no effect on a picture beside it (see ``inert``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import bpy

from ...protocol import InputError
from .. import identity, inert, paths, pointers
from ..paths import PropertyRef
from .mark import Mark


def check(marks: Sequence[Mark]) -> None:
    """Raises InputError, naming the mark, the reason and the mend, for the first that can have none."""
    drawn = drawn_by(marks)
    for mark in marks:
        check_one(mark, drawn)


def check_one(mark: Mark, drawn: frozenset[PropertyRef]) -> None:
    """As ``check``, for one mark beside those that draw ``drawn``.

    States are left alone: what one of them sets may be what another of its properties needs.
    """
    if mark.kind != "PROPERTY" or not mark.enabled:
        return
    for ref in mark.targets:
        try:
            inert.check(ref, drawn)
        except InputError as error:
            raise InputError(f"Mark {mark.name!r}: {error}") from None


def drawn_by(marks: Iterable[Mark]) -> frozenset[PropertyRef]:
    """Every property that the marks set."""
    return frozenset(ref for mark in marks if mark.enabled
                     for ref in (*mark.targets, *(ref for state in mark.states for ref, _ in state)))


def pointed_by(marks: Iterable[Mark]) -> Iterator[tuple[PropertyRef, set[bpy.types.ID]]]:
    """Each property that the marks let point to one data-block or another; these, and what it points to now."""
    for mark in marks:
        given = [(ref, mark.items) for ref in mark.targets] if mark.kind == "PROPERTY" else \
            [(ref, (str(value),)) for state in mark.states for ref, value in state]
        for ref, named in given if mark.family == "categorical" and mark.enabled else ():
            kind = pointers.kind(ref)
            if kind:
                blocks = {identity.labelled(getattr(bpy.data, kind), label) for label in named}
                yield ref, {*blocks, paths.value_of(paths.resolve(ref))} - {None}
