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
    """Which id of a source is which class of the scene.

    In this order: what the user said (``ids``, class name -> id); the folder's own table, by name; and where there
    is neither, the ids are the class indices themselves. Ids that the folder's table names, but the scene does not
    have, are background, because a network of the scene's classes can call them nothing else: ``notes`` says so.

    Raises InputError where a class finds no id, or two classes the same one.
    """

    def __init__(self, source: Source, classes: tuple[str, ...], ids: Mapping[str, int | None] | None) -> None:
        self.notes: list[str] = []
        given = {name: number for name, number in (ids or {}).items() if number is not None}
        for name in given:
            if name not in classes:
                raise InputError(f"A validation id is given for '{name}', which is no class of the scene: "
                                 f"its classes are {_listed(classes)}.")
        given = _in_the_sources_ids(source, given)
        self.by_class = [self._id_of(source, index, name, given) for index, name in enumerate(classes)]
        self._check_distinct(classes)
        self._table = self._lookup(source, classes)

    @staticmethod
    def _id_of(source: Source, index: int, name: str, given: Mapping[str, int]) -> int | None:
        if name in given:
            return given[name]
        for number, known in source.table.items():
            if same_name(name, known) or (index == 0 and is_background(known)):
                return number
        if index == 0:      # nobody says what the background is: 0, unless that is something else
            return None if 0 in source.table or 0 in given.values() else 0
        if source.table:
            raise InputError(f"The validation data ({source.format}) do not have the class '{name}', only "
                             f"{_listed(source.table.values())}: rename the class, or give it its id.")
        if given:
            raise InputError(f"The class '{name}' has no validation id, though other classes have: give it one too.")
        return index

    def _check_distinct(self, classes: tuple[str, ...]) -> None:
        seen: dict[int, str] = {}
        for name, number in zip(classes, self.by_class, strict=True):
            if number is None:
                continue
            if not 0 <= number <= _LARGEST_ID:
                raise InputError(f"The validation id {number} of class '{name}' is not between 0 and {_LARGEST_ID}.")
            if number in seen:
                raise InputError(f"The classes '{seen[number]}' and '{name}' have the same validation id {number}: "
                                 f"give each class its own.")
            seen[number] = name

    def _lookup(self, source: Source, classes: tuple[str, ...]) -> np.ndarray:
        table = np.full(_LARGEST_ID + 1, _UNKNOWN, np.int16)
        others = [number for number in source.table if number not in self.by_class and 0 <= number <= _LARGEST_ID]
        table[others] = 0
        extra = [source.table[number] for number in others if not is_background(source.table[number])]
        if extra:
            self.notes.append(f"{_listed(extra)} {'is' if len(extra) == 1 else 'are'} taken as background, "
                              f"because the scene has no such class.")
        if source.ignore is not None:
            table[source.ignore] = IGNORE
        for index, number in enumerate(self.by_class):
            if number is not None:
                table[number] = index
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
            raise FileProblem(UNKNOWN_ID, _listed(values))
        return labels.astype(np.uint8)


def _in_the_sources_ids(source: Source, given: dict[str, int]) -> dict[str, int]:
    """Ids may be written in another way that the format allows (BOP's object id for its pixel value)."""
    wanted = [number for name, number in given.items() if not is_background(name)]
    if all(number in source.table for number in wanted):
        return given
    for alias in source.aliases:
        if all(number in alias for number in wanted):
            return {name: number if is_background(name) else alias[number] for name, number in given.items()}
    return given


def _listed(names, most: int = 8) -> str:
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
