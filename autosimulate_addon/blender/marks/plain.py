"""Marks and classes as plain values, for another process that has a copy of the file open.

Libraries are named by their absolute paths: in the copy their relative ones are others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import bpy

from ..paths import PropertyRef
from .mark import ClassTable, Mark


def dump(marks: tuple[Mark, ...], classes: ClassTable) -> dict[str, Any]:
    """Dictionaries, lists, text and numbers, as JSON has them."""
    libraries = {library.filepath: _absolute(library) for library in bpy.data.libraries}

    def ref(one: PropertyRef) -> list[Any]:
        return [one.collection, one.name, libraries.get(one.library, one.library), one.path, one.index]

    return {
        "marks": [{**{name: value for name, value in asdict(mark).items() if name not in ("targets", "states")},
                   "targets": [ref(one) for one in mark.targets],
                   "states": [[[ref(one), value] for one, value in state] for state in mark.states]}
                  for mark in marks],
        "classes": {"names": classes.names, "ids": classes.ids, "labels": classes.labels,
                    "members": {name: [ref(one) for one in refs] for name, refs in classes.members.items()},
                    "keypoints": {name: [ref(one) for one in refs] for name, refs in classes.keypoints.items()}}}


def load(plain: Mapping[str, Any]) -> tuple[tuple[Mark, ...], ClassTable]:
    """What ``dump`` was given, with libraries named as the open file does."""
    libraries = {_absolute(library): library.filepath for library in bpy.data.libraries}

    def ref(one: list[Any]) -> PropertyRef:
        collection, name, library, path, index = one
        return PropertyRef(collection, name, libraries.get(library, library), path, index)

    def mark(one: dict[str, Any]) -> Mark:
        values = {each.name: tuple(value) if isinstance(value := one[each.name], list) else value
                  for each in fields(Mark)}
        states = tuple(tuple((ref(target), value) for target, value in state) for state in one["states"])
        return Mark(**{**values, "targets": tuple(map(ref, one["targets"])), "states": states})

    classes = plain["classes"]
    members, points = ({name: tuple(map(ref, refs)) for name, refs in classes[what].items()}
                       for what in ("members", "keypoints"))
    return (tuple(mark(one) for one in plain["marks"]),
            ClassTable(tuple(classes["names"]), members, dict(classes["ids"]), points,
                       {name: tuple(labels) for name, labels in classes["labels"].items()}))


def _absolute(library: bpy.types.Library) -> str:
    return os.path.realpath(bpy.path.abspath(library.filepath))
