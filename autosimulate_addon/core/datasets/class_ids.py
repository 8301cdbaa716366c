"""From a format's ids to class indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...protocol import InputError
from .class_table import is_background, listed, names_in, same_name
from .dataset import IGNORE
from .problems import UNKNOWN_ID, FileProblem
from .said_labels import ids_of_labels
from .source import Source

#: What a user may say of a class: the id that it has, or the labels that it is, by name or id.
Said = int | Sequence[str] | None

_UNKNOWN = -1
_LARGEST_ID = 65535


class ClassIds:
    """Which ids of a source are which class of the scene.

    In this order: what the user said (``ids``, class name -> id, or labels by name or id); the folder's own table, by
    name; its groups of classes (COCO's supercategories), by name; and where there is no table, the ids are the class
    indices themselves.
    Ids that the folder's table names, but the scene does not have, are background, because a network of the scene's
    classes can call them nothing else. Where several ids are one class, or one is background for this reason,
    ``notes`` says so.

    Raises InputError where classes find no id (it names all of them), two classes the same one, or the folder has no
    such label.
    """

    def __init__(self, source: Source, classes: tuple[str, ...], ids: Mapping[str, Said] | None) -> None:
        self.notes: list[str] = []
        said = given_ids(source, classes, ids)
        for name in said:
            if name not in classes:
                raise InputError(f"A validation id is given for '{name}', which is no class of the scene: "
                                 f"its classes are {listed(classes)}.")
        given = self._in_the_sources_ids(source, said)
        self._each_has_an_id = any(isinstance(one, int) for one in said.values())
        self.by_class: list[tuple[int, ...]] = []       # the ids of each class; the background may have none
        self._repeated: list[str] = []
        for index, name in enumerate(classes):
            self.by_class.append(self._ids_of(source, index, name, given, classes))
        if lacking := [name for name, numbers in zip(classes[1:], self.by_class[1:], strict=True) if not numbers]:
            one = f"the class '{lacking[0]}'" if len(lacking) == 1 else f"the classes {listed(lacking)}"
            raise InputError(f"The validation data ({source.format}) do not have {one}, only "
                             f"{listed(names_in(source.table))}: rename the class, give it its id, or say which labels "
                             f"it is (In Photographs, [class_labels]){_such_as(source, lacking[0])}.")
        if self._repeated:
            self.notes.append(f"The validation data list {listed(self._repeated)}: what has one name is one class.")
        self._check_distinct(source, classes)
        self._table = self._lookup(source)

    def _in_the_sources_ids(self, source: Source, said: Mapping[str, int | Sequence[str]]
                            ) -> dict[str, tuple[int, ...]]:
        """What the user said as ids of the table. Ids may be written in ways that the format allows (BOP's object id
        for its pixel value); all are written in one."""
        by_name: dict[str, tuple[int, ...]] = {}
        by_id: dict[str, tuple[int, ...]] = {}
        for name, one in said.items():
            by_name[name], by_id[name] = ((), (one,)) if isinstance(one, int) else \
                ids_of_labels(source, name, one, self.notes)
        plain = [name for name, one in said.items() if isinstance(one, int) and is_background(name)]
        wanted = [number for name, numbers in by_id.items() if name not in plain for number in numbers]
        alias = next((alias for alias in source.aliases if all(number in alias for number in wanted)), {})
        return {name: tuple(dict.fromkeys((*by_name[name], *(
            number if name in plain else alias.get(number, number) for number in numbers))))
            for name, numbers in by_id.items()}

    def _ids_of(self, source: Source, index: int, name: str, given: Mapping[str, tuple[int, ...]],
                classes: tuple[str, ...]) -> tuple[int, ...]:
        """None of a class that the folder's table does not have."""
        if name in given:
            return given[name]
        named = tuple(number for number, known in source.table.items()
                      if same_name(name, known) or (index == 0 and is_background(known)))
        if named:
            if len(named) > 1 and index > 0:
                self._repeated.append(f"'{name}' {len(named)} times")
            return named
        taken = {number for numbers in given.values() for number in numbers}
        if index == 0:      # nobody says what the background is: 0, unless that is something else
            return () if 0 in source.table or 0 in taken else (0,)
        members = tuple(number for number, group in source.parents.items() if same_name(name, group)
                        and number not in taken
                        and not any(same_name(source.table[number], other) for other in classes))
        if members:
            self.notes.append(f"{listed(source.table[number] for number in members)} "
                              f"{'is' if len(members) == 1 else 'are'} taken as '{name}', the group they belong to.")
            return members
        if source.table:
            return ()
        if self._each_has_an_id:
            raise InputError(f"The class '{name}' has no validation id, though other classes have: give it one too.")
        return (index,)

    def _check_distinct(self, source: Source, classes: tuple[str, ...]) -> None:
        seen: dict[int, str] = {}
        for name, numbers in zip(classes, self.by_class, strict=True):
            for number in numbers:
                if not 0 <= number <= _LARGEST_ID:
                    raise InputError(f"The validation id {number} of class '{name}' is not between 0 and "
                                     f"{_LARGEST_ID}.")
                if number in seen:
                    what = f"label '{source.table[number]}'" if number in source.table else f"validation id {number}"
                    raise InputError(f"The classes '{seen[number]}' and '{name}' have the same {what}: give each class "
                                     f"its own.")
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


def given_ids(source: Source, classes: tuple[str, ...], ids: Mapping[str, Said] | None
              ) -> dict[str, int | Sequence[str]]:
    """What the user said. Ids that all equal the class indices are what a form holds that nobody filled in: they give
    way to a table that names these classes."""
    given = {name: said for name, said in (ids or {}).items() if said is not None}
    numbers = {name: said for name, said in given.items() if isinstance(said, int)}
    unfilled = all(name in classes and classes.index(name) == number for name, number in numbers.items())
    known = all(any(same_name(name, other) for other in (*source.table.values(), *source.parents.values()))
                for name in numbers if name not in classes[:1])
    if unfilled and (known or not source.table):
        return {name: said for name, said in given.items() if name not in numbers}
    return given


def _such_as(source: Source, name: str) -> str:
    """The labels that have the class's name within their own, as an example of what to say; "" where none has."""
    near = [label for label in names_in(source.table) if name.casefold() in label.casefold()]
    return f", such as {listed(near)}" if near else ""
