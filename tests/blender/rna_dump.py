"""Every RNA value of every data-block, for comparing a file before and after."""

from __future__ import annotations

from typing import Any

import bpy

#: Not data of the file: what the interface shows, or what an evaluation leaves behind.
_SKIPPED_COLLECTIONS = {"window_managers", "screens", "workspaces"}
# "uv_sculpt": reading it crashes 4.2 and 4.3 in files that have no brush curve yet. "uv_layer_clone" and
# "uv_layer_stencil", which the image editor paints with, are settled when a mesh is first evaluated.
_SKIPPED = {"rna_type", "bl_rna", "session_uid", "tag", "is_evaluated", "is_updated", "is_updated_data", "original",
            "depsgraph", "id_data", "preview", "pixels", "bindcode", "is_runtime_data", "select_by_id", "is_dirty",
            "storage_type", "uv_sculpt", "uv_layer_clone",
            "uv_layer_stencil", "warning", "dimensions", "location_absolute", "location"}
_KEPT_FOR = {"dimensions": ("Object",), "location": ("Object", "PoseBone")}   # nodes report layout there


def dump(data: bpy.types.BlendData | None = None) -> dict[str, Any]:
    """Path -> value, for all data-blocks of the open file; which data-blocks there are is part of it."""
    values: dict[str, Any] = {}
    for prop in bpy.data.bl_rna.properties:
        if prop.type != "COLLECTION" or prop.identifier in _SKIPPED_COLLECTIONS:
            continue
        blocks = getattr(bpy.data, prop.identifier)
        values[prop.identifier] = sorted(block.name_full for block in blocks)
        for block in blocks:
            _visit(block, f"{prop.identifier}[{block.name_full!r}]", values, set())
    return values


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """One line for each value that differs, appeared or went."""
    gone = object()
    return [f"{path}: {before.get(path, 'absent')!r} -> {after.get(path, 'absent')!r}"
            for path in sorted({*before, *after}) if not _same(before.get(path, gone), after.get(path, gone))]


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_same, one, two))
    return one == two or (one != one and two != two)     # NaN is itself here


def _visit(struct: bpy.types.bpy_struct, path: str, values: dict[str, Any], seen: set[tuple[int, str]]) -> None:
    key = (struct.as_pointer(), struct.bl_rna.identifier)
    if key in seen:
        return
    seen.add(key)
    for prop in struct.bl_rna.properties:
        name = prop.identifier
        if name in _SKIPPED and struct.bl_rna.identifier not in _KEPT_FOR.get(name, ()):
            continue
        if name == "users" and bpy.app.version < (4, 3, 0) and isinstance(struct, (bpy.types.Object,
                                                                                     bpy.types.Collection)):
            continue            # 4.2 miscounts after copying a scene
        try:
            value = getattr(struct, name)
        except Exception as error:      # some properties exist only in some states of their struct
            values[f"{path}.{name}"] = type(error).__name__
            continue
        _record(prop, value, f"{path}.{name}", values, seen)
    for name in _custom(struct):
        values[f'{path}["{name}"]'] = _plain(struct[name])


def _record(prop: bpy.types.Property, value: Any, path: str, values: dict[str, Any], seen: set) -> None:
    if prop.type == "POINTER":
        if value is None or (isinstance(value, bpy.types.ID) and not value.is_embedded_data):
            values[path] = None if value is None else (value.bl_rna.identifier, value.name_full)
        else:
            _visit(value, path, values, seen)
    elif prop.type == "COLLECTION":
        values[f"len({path})"] = len(value)
        for index, item in enumerate(value):
            if item is None or (isinstance(item, bpy.types.ID) and not item.is_embedded_data):
                values[f"{path}[{index}]"] = item and item.name_full
            else:
                _visit(item, f"{path}[{index}]", values, seen)
    else:
        values[path] = _plain(value)


def _custom(struct: bpy.types.bpy_struct) -> list[str]:
    try:
        return list(struct.keys())
    except TypeError:
        return []


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return str(value.to_dict())
    if hasattr(value, "to_list"):
        return value.to_list()
    if isinstance(value, (str, bytes, int, float, bool, bpy.types.bpy_struct)) or value is None:
        return value if not isinstance(value, bpy.types.bpy_struct) else repr(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "__len__"):
        return [_plain(item) for item in value]
    return repr(value)
