"""Learned psi of a mark's property group, where the window reads, changes and forgets them number by number.

``psi_properties`` reads and writes them whole, checked, for jobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import bpy
import numpy as np

from .. import compat
from .psi_properties import property_key


def learned(group: Any, parameter: str) -> list[float] | None:
    """Learned "mean", "std" or "p" of an AUTOSIMULATE_PG_mark, None where the scene has none."""
    for block, key in _keys(group, parameter):
        if key in block:
            value = block[key]
            values = value.to_list() if hasattr(value, "to_list") else [value]
            if all(isinstance(number, (int, float)) for number in values):
                return [float(number) for number in values]
    return None


def change(group: Any, parameter: str, values: Sequence[float]) -> None:
    """Puts these numbers in place of the learned ones, at every data-block that carries them.

    ``values`` may have passed through single precision: numbers that did not change in it stay as they are.
    """
    old = learned(group, parameter) or []
    new = [before if np.float32(before) == np.float32(value) else float(value)
           for before, value in zip(old, values, strict=False)]
    _put(group, parameter, new)


def _put(group: Any, parameter: str, values: list[float]) -> None:
    for block, key in _keys(group, parameter):
        if key in block:
            block[key] = values[0] if len(values) == 1 else values
            block.update_tag()                          # who shows it is told by the dependency graph


def change_p(group: Any, index: int, value: float) -> None:
    """Sets one learned probability; the others keep their proportions."""
    p = np.array(learned(group, "p") or [], dtype=np.float64)
    if index >= len(p):
        return
    rest = np.delete(p, index)
    rest = rest / rest.sum() if rest.sum() > 0.0 else np.full(len(rest), 1.0 / max(len(rest), 1))
    change(group, "p", np.insert(rest * (1.0 - value), index, value).tolist())


def lose_choice(group: Any, index: int) -> None:
    """What was learned of the other choices stays, in its proportions."""
    p = learned(group, "p") or []
    if index < len(p):
        rest = np.delete(p, index)
        _put(group, "p", (rest / rest.sum() if rest.sum() > 0.0 else np.full(len(rest), 1.0 / len(rest))).tolist())


def gain_choice(group: Any, index: int) -> None:
    """A new choice gets an equal share of what was learned of the others."""
    p = np.array(learned(group, "p") or [])
    if len(p):
        _put(group, "p", np.insert(p * len(p) / (len(p) + 1), index, 1.0 / (len(p) + 1)).tolist())


def forget(group: Any, target: Any = None) -> int:
    """Deletes what was learned of the mark, or of one of its targets; returns how many custom properties went."""
    removed = 0
    for parameter in ("mean", "std", "p"):
        for block, key in _keys(group, parameter, target):
            if key in block and compat.is_editable(block):
                del block[key]
                block.update_tag()
                removed += 1
    return removed


def _keys(group: Any, parameter: str, only: Any = None) -> Iterator[tuple[bpy.types.ID, str]]:
    """(data-block, custom property) of everything that carries this parameter of the mark's psi, or could."""
    if group.kind in ("STATE", "FILM"):
        if only is None:
            yield group.id_data, property_key(group.name.replace(":", "."), parameter)
        return
    for target in group.targets if only is None else (only,):
        if target.id is not None:
            path = target.path if group.kind == "PROPERTY" else "material"
            path = f"{path}[{target.index}]" if target.index >= 0 else path
            yield target.id, property_key(path, parameter)
