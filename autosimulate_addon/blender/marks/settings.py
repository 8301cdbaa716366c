"""The settings of a run as properties of the scene: how they are made, and what they are set to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...protocol.settings import SETTINGS, Setting, by_name
from .. import compat


def annotations(settings: Sequence[Setting] = SETTINGS) -> dict[str, Any]:
    """Blender's property of every setting that the window shows, by name.

    An automatic setting is 0 until someone gives it a value: Blender's numbers cannot be empty.
    """
    return {setting.name: _property(setting) for setting in settings if setting.label}


def read(group: bpy.types.PropertyGroup, settings: Sequence[Setting] = SETTINGS) -> dict[str, Any]:
    """What the window's panels are set to, by name as in a run's configuration; paths absolute.

    None where a setting is automatic, or says nothing beside the others (``Setting.only``).
    """
    rows = {setting.name: setting for setting in settings}
    return {name: _value(group, setting, rows) for name, setting in rows.items() if setting.label}


def write(group: bpy.types.PropertyGroup, values: Mapping[str, Any], settings: Sequence[Setting] = SETTINGS) -> None:
    """Sets the window's panels to those of ``values``, by name as in a run's configuration, that they show."""
    for setting in settings:
        value = values.get(setting.name)
        if setting.label and value is not None:
            path = setting.subtype in ("DIR_PATH", "FILE_PATH")
            setattr(group, setting.name, _identifier(value) if setting.choices else
                    str(Path(value).expanduser().absolute()) if path else value)


def chosen(group: bpy.types.PropertyGroup, name: str) -> str:
    """The id of the choice that a setting is at."""
    setting = by_name()[name]
    return next(choice.id for choice in setting.choices if _identifier(choice.id) == getattr(group, name))


def applies(group: bpy.types.PropertyGroup, setting: Setting, rows: dict[str, Setting]) -> bool:
    """Whether the setting says anything beside the others."""
    if not setting.only:
        return True
    name, *values = setting.only
    return getattr(group, name) in map(_identifier, values) or not rows[name].label


def _value(group: bpy.types.PropertyGroup, setting: Setting, rows: dict[str, Setting]) -> Any:
    value = getattr(group, setting.name)
    if setting.several:
        return ",".join(choice.id for choice in setting.choices if _identifier(choice.id) in value) or None
    if setting.choices:
        return next(choice.id for choice in setting.choices if _identifier(choice.id) == value)
    if setting.subtype in ("DIR_PATH", "FILE_PATH"):
        value = bpy.path.abspath(value)
    empty = setting.default is None or setting.kind is str
    if (empty and not value) or not applies(group, setting, rows):
        return None
    return value


def _property(setting: Setting) -> Any:
    common = {"name": setting.label, "description": setting.help[:1].upper() + setting.help[1:]}
    if setting.several:
        return EnumProperty(**common, default=set(), options={"ENUM_FLAG"}, items=[
            (_identifier(choice.id), choice.label, choice.help) for choice in setting.choices])
    if setting.choices:
        return EnumProperty(**common, default=_identifier(setting.default), items=[
            (_identifier(choice.id), choice.label, choice.help) for choice in setting.choices])
    if setting.kind is bool:
        return BoolProperty(**common, default=setting.default)
    if setting.kind is str:
        path = {"options": compat.PATH_OPTIONS} if setting.subtype in ("DIR_PATH", "FILE_PATH") else {}
        return StringProperty(**common, default=setting.default, subtype=setting.subtype, **path)
    start = setting.start if setting.start is not None else setting.default
    if start is None:
        common["description"] += "; 0: automatic"
    kind, make = (int, IntProperty) if setting.kind is int else (float, FloatProperty)
    limits = {"min": kind(0 if start is None else setting.low), "max": kind(setting.high)}
    if setting.soft_high is not None:
        limits["soft_max"] = kind(setting.soft_high)
    return make(**common, default=kind(start or 0), subtype=setting.subtype, **limits)


def _identifier(choice: str) -> str:
    """As Blender writes the identifiers of choices: NO_VALIDATION."""
    return choice.upper().replace("-", "_")
