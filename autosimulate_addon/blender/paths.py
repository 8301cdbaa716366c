"""Properties by name: a data-block, an RNA path in it, and a component. Resolved through RNA, never evaluated.

Undo, redo and loading a file invalidate every held reference, so only names are kept and resolved again each time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import bpy
import numpy as np

from ..protocol import InputError
from . import compat

#: ``lights['Lamp']`` or ``lights["Lamp"]``: how a data-block is written in files and messages.
_DATA = re.compile(r"""^(?:bpy\.data\.)?([a-z_]+)\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")"""
                   r"""(?:\s*,\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"))?\]$""")
#: Types of ID property values, by what ``describe`` calls them.
_PYTHON_TYPES = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}
_CASTS = {"BOOLEAN": bool, "INT": lambda value: int(round(float(value))), "FLOAT": float, "STRING": str}
_TYPECODES = {"d": "FLOAT", "f": "FLOAT", "i": "INT", "b": "BOOLEAN"}


@dataclass(frozen=True)
class PropertyRef:
    """A property of a data-block, by name: ``bpy.data.<collection>[name]`` and the RNA path inside it.

    ``index`` is a component of a vector, -1 for the whole property. ``library`` is the path of the .blend that the
    data-block is linked from, None for local data.
    """

    collection: str
    name: str
    library: str | None
    path: str
    index: int = -1

    def __str__(self) -> str:
        data = f"{self.collection}[{self.name!r}]"
        if not self.path:
            return data
        joint = "" if self.path.startswith("[") else "."
        return f"{data}{joint}{self.path}" + (f"[{self.index}]" if self.index >= 0 else "")


class Resolved(NamedTuple):
    """Where a reference points to right now. Valid until the next undo, file load or removal of data."""

    owner: bpy.types.bpy_struct     # the struct that holds the property
    rna: bpy.types.Property | None  # None for a custom (ID) property
    identifier: str                 # attribute name, or the key of a custom property
    index: int                      # component, or -1
    id_data: bpy.types.ID           # the data-block that the reference names


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
    read_only: bool = False


def parse(data: str, path: str, index: int = -1) -> PropertyRef:
    """A reference from text: ``parse("lights['Lamp']", "energy")``; a trailing ``[2]`` of the path is the index.

    A data-block linked from a library is ``lights['Lamp', '//lib.blend']``. Raises InputError for other text.
    """
    found = _DATA.match(data.strip())
    if not found:
        raise InputError(f"{data!r} does not name a data-block; write it like lights['Lamp'] or objects['Cube'].")
    collection, single, double, library_single, library_double = found.groups()
    name = re.sub(r"\\(.)", r"\1", single if single is not None else double)
    library = library_single if library_single is not None else library_double
    component = re.search(r"^(.*[^\]\[])\[(\d+)\]$", path)
    # A trailing number may also select from a collection (inputs[0]), but then a property name must follow it.
    if component and index < 0:
        path, index = component.group(1), int(component.group(2))
    return PropertyRef(collection, name, library, path, index)


def collection_of(id_data: bpy.types.ID) -> str:
    """The name of the ``bpy.data`` collection that holds the data-block ("lights" for any kind of light)."""
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION" and _is_kind_of(id_data, prop.fixed_type):
            return prop.identifier
    raise InputError(f"{id_data.name!r} is a kind of data that cannot be learnable.")


def _is_kind_of(id_data: bpy.types.ID, rna_struct: bpy.types.Struct) -> bool:
    struct = id_data.bl_rna
    while struct is not None:
        if struct.identifier == rna_struct.identifier:
            return True
        struct = struct.base
    return False


def ref_to(id_data: bpy.types.ID, path: str = "", index: int = -1) -> PropertyRef:
    """A reference to a property of a data-block of ``bpy.data``."""
    library = id_data.library.filepath if id_data.library else None
    return PropertyRef(collection_of(id_data), id_data.name, library, path, index)


def ref_from_pointer(ptr: bpy.types.bpy_struct, prop_identifier: str, index: int = -1) -> PropertyRef:
    """A reference from what the interface gives (``context.button_pointer``, ``button_prop.identifier``).

    Embedded data (a material's node tree, a scene's master collection) is named by its owner and a prefix, since a
    pointer to it does not survive. Raises InputError when the property has no path.
    """
    id_data = ptr.id_data
    if id_data is None:
        raise InputError(f"The property {prop_identifier!r} belongs to no data-block and cannot be learnable.")
    try:
        path = ptr.path_from_id(prop_identifier)
    except (ValueError, AttributeError):
        # A custom property: its key is not an RNA name.
        prefix = ptr.path_from_id() if not isinstance(ptr, bpy.types.ID) else ""
        path = f'{prefix}["{bpy.utils.escape_identifier(prop_identifier)}"]'
    if id_data.is_embedded_data:
        owner, prefix = _owner_of_embedded(id_data)
        joint = "" if path.startswith("[") else "."
        id_data, path = owner, f"{prefix}{joint}{path}"
    return ref_to(id_data, path, index)


def _owner_of_embedded(embedded: bpy.types.ID) -> tuple[bpy.types.ID, str]:
    for prop in bpy.data.bl_rna.properties:
        if prop.type != "COLLECTION":
            continue
        has = prop.fixed_type.properties.keys()
        for name in ("node_tree", "collection"):
            if name not in has or (name == "collection" and prop.identifier != "scenes"):
                continue
            for owner in getattr(bpy.data, prop.identifier):
                if getattr(owner, name) == embedded:
                    return owner, name
    raise InputError(f"The data-block that owns {embedded.name!r} was not found, so it cannot be learnable.")


def data_block(ref: PropertyRef) -> bpy.types.ID:
    """The data-block that the reference names. Raises InputError when it is gone."""
    collection = getattr(bpy.data, ref.collection, None) if not ref.collection.startswith("_") else None
    if not isinstance(collection, bpy.types.bpy_prop_collection):
        raise InputError(f"{ref.collection!r} is no kind of data-block; use objects, lights, materials, scenes, ...")
    found = collection.get((ref.name, ref.library))
    if found is None:
        where = f" linked from {ref.library}" if ref.library else ""
        raise InputError(f"{ref.collection}[{ref.name!r}]{where} is not in the file; rename it back or remove "
                         "it from the learnable properties.")
    return found


@lru_cache(maxsize=4096)
def split(path: str) -> tuple[str, str, bool]:
    """(path of the owner, name of the last part, whether that part is a custom property ``["key"]``)."""
    starts, position, quoted, depth = [0], 0, False, 0
    while position < len(path):
        character = path[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character == "[":
            if depth == 0 and position:
                starts.append(position)
            depth += 1
        elif not quoted and character == "]":
            depth -= 1
        elif not quoted and depth == 0 and character == ".":
            starts.append(position)
        position += 1
    last = path[starts[-1]:]
    if last.startswith('["') and last.endswith('"]'):
        return path[:starts[-1]], bpy.utils.unescape_identifier(last[2:-2]), True
    return path[:starts[-1]], last.lstrip("."), False


def resolve(ref: PropertyRef) -> Resolved:
    """Finds the property. Raises InputError when the data-block, the path or the component does not exist."""
    id_data = data_block(ref)
    path = compat.native_path(id_data, ref.path)
    owner_path, identifier, custom = split(path)
    index = ref.index
    if re.fullmatch(r"\[\d+\]", identifier) and index < 0:
        index = int(identifier[1:-1])
        owner_path, identifier, custom = split(owner_path)
    try:
        owner = id_data.path_resolve(owner_path) if owner_path else id_data
    except ValueError:
        raise _missing(ref) from None
    if not isinstance(owner, bpy.types.bpy_struct):
        raise _missing(ref)
    rna = None if custom else owner.bl_rna.properties.get(identifier)
    if custom:
        if identifier not in _keys(owner):
            raise _missing(ref)
    elif rna is None:
        raise _missing(ref)
    resolved = Resolved(owner, rna, identifier, index, id_data)
    length = _length(resolved)
    if index >= max(length, 1) or (index >= 0 and length == 0):
        raise InputError(f"{ref}: the property has {length or 1} component{'s' * (length > 1)}; "
                         f"use an index from 0 to {max(length - 1, 0)}, or none for a single value.")
    return resolved


def _keys(owner: bpy.types.bpy_struct) -> Sequence[str]:
    try:
        return list(owner.keys())
    except TypeError:
        return ()


def _missing(ref: PropertyRef) -> InputError:
    return InputError(f"{ref.collection}[{ref.name!r}] has no property {ref.path!r}; choose another or remove it "
                      "from the learnable properties.")


def _value(resolved: Resolved) -> Any:
    return resolved.owner[resolved.identifier] if resolved.rna is None else getattr(resolved.owner, resolved.identifier)


def _length(resolved: Resolved) -> int:
    """Number of components of an array property, 0 for a single value."""
    if resolved.rna is None:
        value = _value(resolved)
        return len(value) if hasattr(value, "typecode") else 0
    if not getattr(resolved.rna, "is_array", False):
        return 0
    return len(_flat(_value(resolved)))


def _flat(value: Any) -> list:
    """Matrices (two-dimensional arrays) are addressed row by row."""
    return [item for part in value for item in (part if hasattr(part, "__len__") else (part,))]


def get(ref: PropertyRef) -> np.ndarray:
    """The present value, shape (size,): numbers, truth values, or text for enums and the names of data-blocks."""
    return read(resolve(ref))


def read(resolved: Resolved) -> np.ndarray:
    value = _value(resolved)
    if isinstance(value, bpy.types.ID):
        return np.array([value.name])
    if value is None:
        return np.array([""])
    if _is_flag(resolved.rna):
        return np.array(sorted(value))
    if _length(resolved):
        values = _flat(value)
        return np.array(values if resolved.index < 0 else values[resolved.index:resolved.index + 1])
    return np.array([value])


def set(ref: PropertyRef, values: Any) -> None:
    """Writes the value(s); numbers are cast to the property's own type. Raises InputError when it cannot be."""
    write(resolve(ref), values, ref)


def write(resolved: Resolved, values: Any, ref: PropertyRef | str) -> None:
    values = np.atleast_1d(values).ravel().tolist()
    length = _length(resolved)
    expected = 1 if resolved.index >= 0 or not length else length
    if len(values) != expected and not _is_flag(resolved.rna):
        raise InputError(f"{ref} takes {expected} value{'s' * (expected > 1)}, not {len(values)}.")
    try:
        if resolved.rna is None:
            _write_custom(resolved, values)
        else:
            _write_rna(resolved, values)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        shown = values[0] if len(values) == 1 else values
        raise InputError(f"{ref} cannot be set to {shown!r}: {str(error).splitlines()[0]}") from None


def _is_flag(rna: bpy.types.Property | None) -> bool:
    return rna is not None and rna.type == "ENUM" and rna.is_enum_flag


def _write_custom(resolved: Resolved, values: list) -> None:
    # An ID property takes the type of what is assigned, so cast to the type it has; nothing notices the change
    # (modifiers, drivers) without a tag.
    owner, key = resolved.owner, resolved.identifier
    present = owner[key]
    if hasattr(present, "typecode"):
        cast = _CASTS[_TYPECODES[present.typecode]]
        if resolved.index >= 0:
            present[resolved.index] = cast(values[0])
        else:
            present[:] = [cast(value) for value in values]
    else:
        owner[key] = _CASTS[_PYTHON_TYPES[type(present)]](values[0])
    resolved.id_data.update_tag()


def _write_rna(resolved: Resolved, values: list) -> None:
    owner, rna, name = resolved.owner, resolved.rna, resolved.identifier
    if rna.type == "POINTER":
        target = None
        if values[0]:
            target = next((block for block in _collection_for(rna.fixed_type) if block.name == values[0]), None)
            if target is None:
                raise ValueError(f"there is no data-block named {values[0]!r}")
        setattr(owner, name, target)
    elif _is_flag(rna):
        setattr(owner, name, {value for value in values if value})
    elif rna.type in ("ENUM", "STRING"):
        setattr(owner, name, str(values[0]))
    else:
        cast = _CASTS[rna.type]
        value = getattr(owner, name)
        if not getattr(rna, "is_array", False):
            setattr(owner, name, cast(values[0]))
        elif resolved.index < 0 and not hasattr(value[0], "__len__"):
            setattr(owner, name, [cast(item) for item in values])
        else:
            if resolved.index >= 0:
                flat = _flat(value)
                flat[resolved.index] = cast(values[0])
            else:
                flat = [cast(item) for item in values]
            if hasattr(value[0], "__len__"):
                columns = len(value[0])
                flat = [flat[start:start + columns] for start in range(0, len(flat), columns)]
            setattr(owner, name, flat)


def _collection_for(struct: bpy.types.Struct) -> Sequence[bpy.types.ID]:
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION" and prop.fixed_type.identifier == struct.identifier:
            return getattr(bpy.data, prop.identifier)
    raise ValueError(f"a property that points to a {struct.name} cannot be set by name")


def describe(ref: PropertyRef) -> PropertyInfo:
    """Type, size, limits, unit and name of the property (see PropertyInfo). Raises InputError as ``resolve``."""
    resolved = resolve(ref)
    return _describe_custom(resolved) if resolved.rna is None else _describe_rna(resolved)


def _describe_custom(resolved: Resolved) -> PropertyInfo:
    value = _value(resolved)
    if hasattr(value, "typecode"):
        kind, size = _TYPECODES[value.typecode], len(value) if resolved.index < 0 else 1
    elif type(value) in _PYTHON_TYPES:
        kind, size = _PYTHON_TYPES[type(value)], 1
    else:
        kind, size = "POINTER", 1
    shown = resolved.identifier
    limits = {}
    if kind in ("FLOAT", "INT"):
        limits = resolved.owner.id_properties_ui(resolved.identifier).as_dict()
    socket = _modifier_socket(resolved)
    if socket is not None:
        shown = socket.name
    low, high = _limit(limits.get("min", -np.inf)), _limit(limits.get("max", np.inf))
    return PropertyInfo(
        kind, size, low, high, _limit(limits.get("soft_min", low)), _limit(limits.get("soft_max", high)),
        "NONE", str(limits.get("subtype", "NONE")), (), kind in ("FLOAT", "INT", "BOOLEAN"), shown)


def _modifier_socket(resolved: Resolved) -> Any:
    group = getattr(resolved.owner, "node_group", None)
    if group is None or not isinstance(resolved.owner, bpy.types.Modifier):
        return None
    return next((item for item in group.interface.items_tree
                 if getattr(item, "identifier", "") == resolved.identifier), None)


def _describe_rna(resolved: Resolved) -> PropertyInfo:
    rna = resolved.rna
    size = max(_length(resolved), 1) if resolved.index < 0 else 1
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
                        rna.is_animatable, name, rna.is_readonly)


def _enum_items(resolved: Resolved) -> tuple[str, ...]:
    items = tuple(item.identifier for item in resolved.rna.enum_items)
    present = _value(resolved)
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


def check_drawable(ref: PropertyRef) -> None:
    """Raises InputError, saying why and what to do, when drawing a value into the property could not work."""
    check_writable(ref)
    info = describe(ref)
    if info.type not in ("FLOAT", "INT", "BOOLEAN", "ENUM") or _is_flag(resolve(ref).rna):
        raise InputError(f"{ref} is not a number, a switch or a choice, so it cannot be learnable.")
    if not info.animatable:
        raise InputError(f"{ref} cannot be animated in Blender, so it cannot be learnable.")


def check_writable(ref: PropertyRef) -> None:
    """Raises InputError when the property is linked, read-only, driven or keyframed."""
    resolved = resolve(ref)
    if not compat.is_editable(resolved.id_data):
        raise InputError(f"{ref} is linked from a library and cannot change; make {ref.name!r} local or give it "
                         "a library override.")
    if resolved.rna is not None and (resolved.rna.is_readonly or resolved.owner.is_property_readonly(
            resolved.identifier)):
        raise InputError(f"{ref} is read-only and cannot be learnable; choose another property.")
    animated = _animated_by(resolved)
    if animated:
        raise InputError(f"{ref} is {animated}, which would overwrite every drawn value; remove the "
                         f"{'driver' if animated == 'driven' else 'keyframes'} first.")


def _animated_by(resolved: Resolved) -> str | None:
    """"driven" or "keyframed" when the animation system writes the property on every frame, else None."""
    holder = resolved.owner.id_data or resolved.id_data     # an embedded node tree carries animation of its own
    animation = holder.animation_data
    if animation is None:
        return None
    if any(_writes(curve, holder, resolved) for curve in animation.drivers):
        return "driven"
    if any(_writes(curve, holder, resolved) for curve in compat.animation_curves(animation)):
        return "keyframed"
    return None


def _writes(curve: bpy.types.FCurve, holder: bpy.types.ID, resolved: Resolved) -> bool:
    owner_path, identifier, custom = split(compat.native_path(holder, curve.data_path))
    if identifier != resolved.identifier or custom != (resolved.rna is None):
        return False
    if resolved.index >= 0 and curve.array_index != resolved.index:
        return False
    try:
        owner = holder.path_resolve(owner_path) if owner_path else holder
    except ValueError:
        return False
    return owner == resolved.owner
