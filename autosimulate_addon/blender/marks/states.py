"""States: sets of property values captured together, and switched together by one categorical."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import bpy

from ...protocol import InputError
from .. import drawable, identity, paths, pointers, property_info
from ..paths import PropertyRef

State = tuple[tuple[PropertyRef, Any], ...]


def capture(refs: Sequence[PropertyRef]) -> State:
    """The present values of the properties, as plain Python values (a list for a vector)."""
    captured = []
    for ref in refs:
        drawable.check_writable(ref)
        values = paths.get(ref).tolist()
        captured.append((ref, values[0] if len(values) == 1 else values))
    return tuple(captured)


def to_json(value: Any) -> str:
    return json.dumps(value)


def from_json(text: str, ref: PropertyRef) -> Any:
    """Raises InputError when the text, which a file may have damaged, is no JSON value."""
    try:
        return json.loads(text)
    except ValueError:
        raise InputError(f"The captured value of {ref} cannot be read ({text!r}); capture the state again.") from None


def check_values(name: str, items: Sequence[str], states: Sequence[State]) -> None:
    """Raises InputError when a value does not fit its property, so that no run ends over it half-way."""
    infos = {ref: property_info.describe(ref) for state in states for ref, _ in state}
    for item, state in zip(items, states, strict=True):
        for ref, value in state:
            info, kind = infos[ref], pointers.kind(ref)
            values = value if isinstance(value, (list, tuple)) else [value]
            if info.type in ("FLOAT", "INT", "BOOLEAN"):
                fits = len(values) == info.size and all(
                    isinstance(each, (bool, int, float)) and info.hard_min <= each <= info.hard_max for each in values)
                wanted = f"{info.size} number{'s' * (info.size > 1)} from {info.hard_min:g} to {info.hard_max:g}"
            elif kind:
                fits = value == "" or identity.labelled(getattr(bpy.data, kind), str(value)) is not None
                wanted = f"the name of one of the file's {kind}"
            else:
                fits = len(values) == 1 and isinstance(value, str) and (
                    info.type != "ENUM" or len(info.enum_items) < 2 or value in info.enum_items)
                wanted = "one of " + ", ".join(info.enum_items) if info.type == "ENUM" else "text"
            if not fits:
                raise InputError(f"Mark {name!r}: state {item!r} sets {ref} to {value!r}; it takes {wanted}.")


def shared_values(states: Sequence[State]) -> tuple[tuple[int, ...], ...]:
    """What states have in common: for each property that some of them set alike, each state's group.

    One for properties that divide the states alike, none for one that all set alike or no two; few groups first.
    """
    values = [{ref: to_json(value) for ref, value in state} for state in states]
    found: dict[tuple[int, ...], None] = {}
    for ref in values[0] if values else ():
        if not all(ref in state for state in values):       # which ``check`` refuses
            continue
        own = [state[ref] for state in values]
        numbers = {value: number for number, value in enumerate(dict.fromkeys(own))}
        if 1 < len(numbers) < len(own):
            found[tuple(numbers[value] for value in own)] = None
    return tuple(sorted(found, key=max))


def check(name: str, items: Sequence[str], states: Sequence[State]) -> None:
    """Raises InputError unless every state sets the same properties, so that no state depends on the one before."""
    if not states:
        return
    first = {ref for ref, _ in states[0]}
    if not first:
        raise InputError(f"Mark {name!r}: state {items[0]!r} sets no property; capture it again.")
    for item, state in zip(items, states, strict=True):
        missing = sorted(map(str, first ^ {ref for ref, _ in state}))
        if missing:
            raise InputError(f"Mark {name!r}: state {item!r} and state {items[0]!r} do not both set {missing[0]}; "
                             "let every state set the same properties.")
