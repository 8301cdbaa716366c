"""Properties by name: a data-block, an RNA path in it, and a component. Resolved through RNA, never evaluated.

Undo, redo and loading a file invalidate every held reference, so only names are kept and resolved again each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import bpy
import numpy as np

from ..protocol import InputError
from . import compat, identity

#: ``lights['Lamp']`` or ``lights["Lamp"]``: how a data-block is written in files and messages.
_DATA = re.compile(r"""^(?:bpy\.data\.)?([a-z_]+)\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")"""
                   r"""(?:\s*,\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"))?\]$""")
#: Types of ID property values, by RNA's name for them.
PYTHON_TYPES = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}
_CASTS = {"BOOLEAN": bool, "INT": lambda value: round(float(value)), "FLOAT": float, "STRING": str}
TYPECODES = {"d": "FLOAT", "f": "FLOAT", "i": "INT", "b": "BOOLEAN"}


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
        library = f", {self.library!r}" if self.library else ""
        data = f"{self.collection}[{self.name!r}{library}]"
        if not self.path:
            return data
        joint = "" if self.path.startswith("[") else "."
        return f"{data}{joint}{self.path}" + (f"[{self.index}]" if self.index >= 0 else "")

    @property
    def key(self) -> identity.Key:
        """The data-block's identity among those of its kind."""
        return self.name, self.library

    @property
    def block(self) -> PropertyRef:
        """The reference to the data-block itself."""
        return PropertyRef(self.collection, self.name, self.library, "")


class Resolved(NamedTuple):
    """Where a reference points to right now. Valid until the next undo, file load or removal of data."""

    owner: bpy.types.bpy_struct     # the struct that holds the property
    rna: bpy.types.Property | None  # None for a custom (ID) property
    identifier: str                 # attribute name, or the key of a custom property
    index: int                      # component, or -1
    id_data: bpy.types.ID           # the data-block that the reference names


def parse(data: str, path: str, index: int = -1) -> PropertyRef:
    """A reference from text: ``parse("lights['Lamp']", "energy")``; a trailing ``[2]`` of the path is the index.

    A data-block linked from a library is ``lights['Lamp', '//lib.blend']``. Raises InputError for other text.
    """
    match = _DATA.match(data.strip())
    if not match:
        raise InputError(f"{data!r} does not name a data-block; write it like lights['Lamp'] or objects['Cube'].")
    collection, single, double, library_single, library_double = match.groups()
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
    return PropertyRef(collection_of(id_data), *identity.key(id_data), path, index)


def refs_to(blocks: Iterable[bpy.types.ID], path: str = "", index: int = -1) -> list[PropertyRef]:
    """References to the same property of several data-blocks."""
    return [ref_to(block, path, index) for block in blocks]


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
    block = collection.get(ref.key)
    if block is None:
        where = f" linked from {ref.library}" if ref.library else ""
        raise InputError(f"{ref.collection}[{ref.name!r}]{where} is not in the file; rename it back or remove "
                         "it from the learnable properties.")
    return block


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
    length = length_of(resolved)
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
    return InputError(f"{ref.block} has no property {ref.path!r}; choose another or remove it "
                      "from the learnable properties.")


def value_of(resolved: Resolved) -> Any:
    """The present value as Blender holds it: a number, text, a data-block, an array."""
    return resolved.owner[resolved.identifier] if resolved.rna is None else getattr(resolved.owner, resolved.identifier)


def length_of(resolved: Resolved) -> int:
    """Number of components of an array property, 0 for a single value."""
    if resolved.rna is None:
        value = value_of(resolved)
        return len(value) if hasattr(value, "typecode") else 0
    if not getattr(resolved.rna, "is_array", False):
        return 0
    return len(_flat(value_of(resolved)))


def _flat(value: Any) -> list:
    """Matrices (two-dimensional arrays) are addressed row by row."""
    return [item for part in value for item in (part if hasattr(part, "__len__") else (part,))]


def get(ref: PropertyRef) -> np.ndarray:
    """The present value, shape (size,): numbers, truth values, or text for enums and the names of data-blocks."""
    return read(resolve(ref))


def read(resolved: Resolved) -> np.ndarray:
    """The present value of what was resolved (see ``get``)."""
    value = value_of(resolved)
    if isinstance(value, bpy.types.ID):
        return np.array([value.name_full])      # with the library of a linked one
    if value is None:
        return np.array([""])
    if is_flag(resolved.rna):
        return np.array(sorted(value))
    if length_of(resolved):
        values = _flat(value)
        return np.array(values if resolved.index < 0 else values[resolved.index:resolved.index + 1])
    return np.array([value])


def set(ref: PropertyRef, values: Any) -> None:
    """Writes the value(s); numbers are cast to the property's own type. Raises InputError when it cannot be."""
    write(resolve(ref), values, ref)


def write(resolved: Resolved, values: Any, ref: PropertyRef | str) -> None:
    """Writes the value(s) into what was resolved (see ``set``); ``ref`` names it in errors."""
    values = np.atleast_1d(values).ravel().tolist()
    length = length_of(resolved)
    expected = 1 if resolved.index >= 0 or not length else length
    if len(values) != expected and not is_flag(resolved.rna):
        raise InputError(f"{ref} takes {expected} value{'s' * (expected > 1)}, not {len(values)}.")
    try:
        if resolved.rna is None:
            _write_custom(resolved, values)
        else:
            _write_rna(resolved, values)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        shown = values[0] if len(values) == 1 else values
        raise InputError(f"{ref} cannot be set to {shown!r}: {str(error).splitlines()[0]}") from None


def is_flag(rna: bpy.types.Property | None) -> bool:
    """Whether the property is an enum of which several items may be set at once."""
    return rna is not None and rna.type == "ENUM" and rna.is_enum_flag


def _write_custom(resolved: Resolved, values: list) -> None:
    # An ID property takes the type of what is assigned, so cast to the type it has; nothing notices the change
    # (modifiers, drivers) without a tag.
    owner, key = resolved.owner, resolved.identifier
    present = owner[key]
    if present is None or isinstance(present, bpy.types.ID):
        owner[key] = _named(resolved, values[0])
    elif hasattr(present, "typecode"):
        cast = _CASTS[TYPECODES[present.typecode]]
        if resolved.index >= 0:
            present[resolved.index] = cast(values[0])
        else:
            present[:] = [cast(value) for value in values]
    else:
        owner[key] = _CASTS[PYTHON_TYPES[type(present)]](values[0])
    resolved.id_data.update_tag()


def _write_rna(resolved: Resolved, values: list) -> None:
    owner, rna, name = resolved.owner, resolved.rna, resolved.identifier
    if rna.type == "POINTER":
        target = _named(resolved, values[0])
        setattr(owner, name, target)
        if getattr(owner, name) != target:
            raise ValueError("it does not take this one")
    elif is_flag(rna):
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


def _named(resolved: Resolved, label: str) -> bpy.types.ID | None:
    """The data-block of this label that the property is to point to, None for no label."""
    if not label:
        return None
    kind = pointed_kind(resolved)
    if not kind:
        raise ValueError("it points to no data-block that has a name")
    target = identity.labelled(getattr(bpy.data, kind), label)
    if target is None:
        raise ValueError(f"there is no data-block named {label!r}")
    return target


def pointed_kind(resolved: Resolved) -> str:
    """What the property points to, as a collection of ``bpy.data`` ("worlds"); "" where it does not point to such."""
    value = value_of(resolved)
    if isinstance(value, bpy.types.ID):
        return collection_of(value)     # of an object's data RNA says no more than that it is a data-block
    if resolved.rna is not None:
        struct = resolved.rna.fixed_type.identifier if resolved.rna.type == "POINTER" else ""
    else:
        struct = getattr(modifier_socket(resolved), "socket_type", "").removeprefix("NodeSocket")
    return next((prop.identifier for prop in bpy.data.bl_rna.properties
                 if prop.type == "COLLECTION" and prop.fixed_type.identifier == struct), "")


def modifier_socket(resolved: Resolved) -> Any:
    """The input of a geometry-nodes group that a modifier's custom property is the value of, None for other ones."""
    group = getattr(resolved.owner, "node_group", None)
    if group is None or not isinstance(resolved.owner, bpy.types.Modifier):
        return None
    return next((item for item in group.interface.items_tree
                 if getattr(item, "identifier", "") == resolved.identifier), None)
