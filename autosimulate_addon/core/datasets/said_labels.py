"""From the labels that a class is said to be to a format's ids."""

from __future__ import annotations

from collections.abc import Iterable

from ...protocol import InputError, suggestion
from .class_table import listed, names_in, same_name
from .source import Source

#: More digits are no id of any format, and Python may refuse to read them.
_MOST_DIGITS = 9


def called(source: Source, label: str) -> tuple[int, ...]:
    """The ids that the folder's table calls so; where there are none, those of the group of this name."""
    return (tuple(number for number, known in source.table.items() if same_name(label, known))
            or tuple(number for number, group in source.parents.items() if same_name(label, group)))


def ids_of_labels(source: Source, name: str, labels: Iterable[str], notes: list[str]
                  ) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(ids that ``labels`` of the class ``name`` mean by name, ids that they are themselves, as the user writes them).

    Raises InputError where the folder lists its classes and a label is none of them, or none of the labels is there.
    Labels that are not there otherwise, because no image shows them, are told in ``notes``.
    """
    by_name: list[int] = []
    by_id: list[int] = []
    absent: list[str] = []
    for label in labels:
        if found := called(source, label):
            by_name += found
        elif _is_id(source, label):
            by_id.append(int(label))
        else:
            absent.append(label)
    if absent and (source.complete or not (by_name or by_id)):
        raise InputError(_unknown(source, name, absent[0]))
    if absent:
        notes.append(f"No image shows {listed(absent)}, which the class '{name}' is said to be.")
    return tuple(by_name), tuple(by_id)


def _is_id(source: Source, label: str) -> bool:
    if not label.isdecimal() or len(label) > _MOST_DIGITS:
        return False
    return not source.table or any(int(label) in known for known in source.aliases or (source.table,))


def _unknown(source: Source, name: str, label: str) -> str:
    if not source.table:
        return (f"The validation data ({source.format}) do not name their classes, so the label '{label}' of the class "
                f"'{name}' cannot be found: give ids in place of names.")
    names = names_in(source.table)
    return (f"The validation data ({source.format}) have no label '{label}'{suggestion(label, names)}, which the class "
            f"'{name}' is said to be, only {listed(names)}: correct or remove it.")
