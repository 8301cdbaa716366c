"""From a format's ids to class indices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...protocol import InputError
from .class_table import is_background, same_name
from .dataset import IGNORE
from .problems import UNKNOWN_ID, FileProblem
from .source import Source

_UNKNOWN = -1
_LARGEST_ID = 65535


class ClassIds:
    """Which ids of a source are which class of the scene.

    In this order: what the user said (``ids``, class name -> id); the folder's own table, by name; its groups of
    classes (COCO's supercategories), by name; and where there is no table, the ids are the class indices themselves.
    Ids that the folder's table names, but the scene does not have, are background, because a network of the scene's
    classes can call them nothing else. Where several ids are one class, or one is background for this reason,
    ``notes`` says so.

    Raises InputError where a class finds no id, or two classes the same one.
    """

    def __init__(self, source: Source, classes: tuple[str, ...], ids: Mapping[str, int | None] | None) -> None:
        self.notes: list[str] = []
        given = given_ids(source, classes, ids)
        for name in given:
            if name not in classes:
                raise InputError(f"A validation id is given for '{name}', which is no class of the scene: "
                                 f"its classes are {listed(classes)}.")
        given = _in_the_sources_ids(source, given)
        self.by_class: list[tuple[int, ...]] = []       # the ids of each class; the background may have none
        for index, name in enumerate(classes):
            self.by_class.append(self._ids_of(source, index, name, given, classes))
        self._check_distinct(classes)
        self._table = self._lookup(source)

    def _ids_of(self, source: Source, index: int, name: str, given: Mapping[str, int],
                classes: tuple[str, ...]) -> tuple[int, ...]:
        if name in given:
            return (given[name],)
        named = tuple(number for number, known in source.table.items()
                      if same_name(name, known) or (index == 0 and is_background(known)))
        if named:
            if len(named) > 1 and index > 0:
                self.notes.append(f"The validation data list '{name}' {len(named)} times; all are taken as one class.")
            return named
        if index == 0:      # nobody says what the background is: 0, unless that is something else
            return () if 0 in source.table or 0 in given.values() else (0,)
        members = tuple(number for number, group in source.parents.items() if same_name(name, group)
                        and not any(same_name(source.table[number], other) for other in classes))
        if members:
            self.notes.append(f"{listed(source.table[number] for number in members)} "
                              f"{'is' if len(members) == 1 else 'are'} taken as '{name}', the group they belong to.")
            return members
        if source.table:
            raise InputError(f"The validation data ({source.format}) do not have the class '{name}', only "
                             f"{listed(source.table.values())}: rename the class, or give it its id.")
        if given:
            raise InputError(f"The class '{name}' has no validation id, though other classes have: give it one too.")
        return (index,)

    def _check_distinct(self, classes: tuple[str, ...]) -> None:
        seen: dict[int, str] = {}
        for name, numbers in zip(classes, self.by_class, strict=True):
            for number in numbers:
                if not 0 <= number <= _LARGEST_ID:
                    raise InputError(f"The validation id {number} of class '{name}' is not between 0 and "
                                     f"{_LARGEST_ID}.")
                if number in seen:
                    raise InputError(f"The classes '{seen[number]}' and '{name}' have the same validation id "
                                     f"{number}: give each class its own.")
                seen[number] = name

    def _lookup(self, source: Source) -> np.ndarray:
        table = np.full(_LARGEST_ID + 1, _UNKNOWN, np.int16)
        taken = {number for numbers in self.by_class for number in numbers}
        others = [number for number in source.table if number not in taken and 0 <= number <= _LARGEST_ID]
        table[others] = 0
        extra = [source.table[number] for number in others if not is_background(source.table[number])]
        if extra:
            self.notes.append(f"{listed(extra)} {'is' if len(extra) == 1 else 'are'} taken as background, "
                              f"because the scene has no such class.")
        if source.ignore is not None:
            table[source.ignore] = IGNORE
        for index, numbers in enumerate(self.by_class):
            table[list(numbers)] = index
        return table

    def labels(self, ids: np.ndarray) -> np.ndarray:
        """(H, W) uint8 class indices from (H, W) integer ids. Raises FileProblem for ids that mean nothing."""
        outside = (ids < 0) | (ids > _LARGEST_ID) if ids.dtype.itemsize > 2 else np.False_
        labels = self._table[np.where(outside, 0, ids) if outside.any() else ids]
        if outside.any():
            labels[outside] = _UNKNOWN
        unknown = labels == _UNKNOWN
        if unknown.any():
            values = [str(value) for value in np.unique(ids[unknown])]
            raise FileProblem(UNKNOWN_ID, listed(values))
        return labels.astype(np.uint8)

    def boxes(self, rows: np.ndarray) -> np.ndarray:
        """(n, 5) rows of class index and corners from rows of id and corners; those of no class are left out."""
        index = self._table[rows[:, 0].astype(int)]
        kept = (index > 0) & (index != IGNORE)
        return np.column_stack((index[kept], rows[kept, 1:]))


def given_ids(source: Source, classes: tuple[str, ...], ids: Mapping[str, int | None] | None) -> dict[str, int]:
    """The ids that the user gave. Ids that all equal the class indices are what a form holds that nobody filled in:
    they give way to a table that names these classes."""
    given = {name: number for name, number in (ids or {}).items() if number is not None}
    unfilled = all(name in classes and classes.index(name) == number for name, number in given.items())
    known = all(any(same_name(name, other) for other in (*source.table.values(), *source.parents.values()))
                for name in given if name not in classes[:1])
    return {} if unfilled and (known or not source.table) else given


def _in_the_sources_ids(source: Source, given: dict[str, int]) -> dict[str, int]:
    """Ids may be written in another way that the format allows (BOP's object id for its pixel value)."""
    wanted = [number for name, number in given.items() if not is_background(name)]
    if all(number in source.table for number in wanted):
        return given
    for alias in source.aliases:
        if all(number in alias for number in wanted):
            return {name: number if is_background(name) else alias[number] for name, number in given.items()}
    return given


def listed(names, most: int = 8) -> str:
    """"a, b, c and 5 more"."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
