"""What RNA knows of a property: type, size, limits, unit, choices and name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import bpy
import numpy as np

from . import paths
from .paths import PropertyRef, Resolved


@dataclass(frozen=True)
class PropertyInfo:
    """What RNA knows of a property (limits in the property's own unit; infinite where there are none)."""

    type: str                       # FLOAT | INT | BOOLEAN | ENUM | STRING | POINTER
    size: int                       # components that the reference covers
    hard_min: float
    hard_max: float
    soft_min: float
    soft_max: float
    unit: str
    subtype: str
    enum_items: tuple[str, ...]
    animatable: bool
    name: str                       # as the interface shows it


def describe(ref: PropertyRef) -> PropertyInfo:
    """Type, size, limits, unit and name of the property (see PropertyInfo). Raises InputError as ``resolve``."""
    resolved = paths.resolve(ref)
    return _describe_custom(resolved) if resolved.rna is None else _describe_rna(resolved)


def _describe_custom(resolved: Resolved) -> PropertyInfo:
    value = paths.value_of(resolved)
    if hasattr(value, "typecode"):
        kind, size = paths.TYPECODES[value.typecode], len(value) if resolved.index < 0 else 1
    elif type(value) in paths.PYTHON_TYPES:
        kind, size = paths.PYTHON_TYPES[type(value)], 1
    else:
        kind, size = "POINTER", 1
    shown = resolved.identifier
    limits = {}
    if kind in ("FLOAT", "INT"):
        limits = resolved.owner.id_properties_ui(resolved.identifier).as_dict()
    socket = paths.modifier_socket(resolved)
    if socket is not None:
        shown = socket.name
    low, high = _limit(limits.get("min", -np.inf)), _limit(limits.get("max", np.inf))
    return PropertyInfo(
        kind, size, low, high, _limit(limits.get("soft_min", low)), _limit(limits.get("soft_max", high)),
        "NONE", str(limits.get("subtype", "NONE")), (), kind in ("FLOAT", "INT", "BOOLEAN"), shown)


def _describe_rna(resolved: Resolved) -> PropertyInfo:
    rna = resolved.rna
    size = max(paths.length_of(resolved), 1) if resolved.index < 0 else 1
    low = high = soft_low = soft_high = np.nan
    items: tuple[str, ...] = ()
    if rna.type in ("FLOAT", "INT"):
        low, high, soft_low, soft_high = map(_limit, (rna.hard_min, rna.hard_max, rna.soft_min, rna.soft_max))
    elif rna.type == "BOOLEAN":
        low, high, soft_low, soft_high = 0.0, 1.0, 0.0, 1.0
    elif rna.type == "ENUM":
        items = _enum_items(resolved)
    name = rna.name
    if isinstance(resolved.owner, bpy.types.NodeSocket):
        name = resolved.owner.name
    return PropertyInfo(rna.type, size, low, high, soft_low, soft_high, rna.unit, rna.subtype, items,
                        rna.is_animatable, name)


def _enum_items(resolved: Resolved) -> tuple[str, ...]:
    items = tuple(item.identifier for item in resolved.rna.enum_items)
    present = paths.value_of(resolved)
    if not isinstance(present, str) or present in items:
        return items
    # A dynamic enum (view transforms, render engines) does not list its items in RNA, but the refusal of a wrong one
    # does: enum "..." not found in ('A', 'B').
    try:
        setattr(resolved.owner, resolved.identifier, "\n")
    except TypeError as error:
        return tuple(re.findall(r"'([^']+)'", str(error).partition(" not found in ")[2])) or items
    return items


def _limit(value: float) -> float:
    """RNA writes "no limit" as the largest float or int."""
    value = float(value)
    return value if abs(value) < 2.0e9 else float(np.copysign(np.inf, value))
