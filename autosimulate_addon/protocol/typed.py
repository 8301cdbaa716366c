"""Dataclasses that are kept as JSON: written whole, read as far as they make sense.

A new field is one line with a default: what older programs wrote lacks it. A float that was not measured is NaN, null
in JSON; a field that may be None is left out where it is.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self, get_args, get_origin


@dataclass(frozen=True)
class Typed:
    """A dataclass of numbers, texts, lists and dictionaries, and of others of its kind.

    Its module does without "from __future__ import annotations": the fields' types are looked at, and are to be types,
    not texts.
    """

    def to_json(self) -> dict[str, Any]:
        """As a dictionary; NaN is still to be made null."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _plain(value) for name, value in said.items() if value is not None}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self | None:
        """The fields of ``written``, those that make no sense as if they were not there; None where one is missing."""
        found = {each.name: value for each in fields(cls)
                 if each.name in written and (value := _read(each.type, written[each.name])) is not None}
        needed = {each.name for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING}
        return cls(**found) if needed <= set(found) else None


def _plain(value: Any) -> Any:
    if isinstance(value, Typed):
        return value.to_json()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _read(kind: Any, value: Any) -> Any:
    """``value`` as ``kind``; None where it cannot be."""
    if isinstance(kind, types.UnionType):
        return _read(get_args(kind)[0], value)
    if kind is float:
        return number(value)
    if kind is int:
        whole = number(value)
        return int(whole) if whole.is_integer() else None
    container = get_origin(kind) or kind
    if isinstance(container, type) and issubclass(container, Typed):
        return container.read(value) if isinstance(value, Mapping) else None
    if not isinstance(value, container):
        return None
    of = get_args(kind)[-1] if get_args(kind) else Any
    if of is Any:
        return value
    if container is dict:
        return {name: item for name, each in value.items() if (item := _read(of, each)) is not None}
    return [item for each in value if (item := _read(of, each)) is not None]


def number(value: Any) -> float:
    """A finite float, or NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < math.inf:
        return math.nan
    try:
        return float(value)
    except OverflowError:       # a whole number beyond them
        return math.nan
