"""Which data-block is meant: a name says it only together with the library that the data-block is linked from."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

import bpy

#: Identity among the data-blocks of one kind: (name, path of the library, or None for the file's own).
Key = tuple[str, str | None]


def key(block: bpy.types.ID) -> Key:
    """The data-block's identity, as ``bpy.data.objects.get`` takes it."""
    return block.name, block.library.filepath if block.library else None


def label(block: bpy.types.ID, among: Collection[bpy.types.ID]) -> str:
    """What people and files call the data-block: its name, or "Metal [lib.blend]" where another bears the name too."""
    if block.library is None or sum(other.name == block.name for other in among) == 1:
        return block.name
    return block.name_full


def labelled(among: Collection[bpy.types.ID], text: str) -> bpy.types.ID | None:
    """The data-block that has this label (or this full name), or None. A bare name is first the file's own."""
    own = among.get((text, None))
    if own is not None:
        return own
    full = next((block for block in among if block.name_full == text), None)
    if full is not None:
        return full
    named = [block for block in among if block.name == text]
    return named[0] if len(named) == 1 else None


def named(among: Iterable[bpy.types.ID], name: str, library: str | None) -> list[bpy.types.ID]:
    """The data-blocks that are called so.

    ``library`` is the path of a .blend or the end of one ("//lib/fruit.blend", "fruit.blend"), "" for the file itself,
    None for wherever they are from. What an override replaces does not count beside it.
    """
    return only_meant(block for block in among if block.name == name and is_from(block, library))


def only_meant(blocks: Iterable[bpy.types.ID]) -> list[bpy.types.ID]:
    """Without what is replaced by an override that is here, too."""
    found = list(blocks)
    replaced = {block.override_library.reference for block in found if block.override_library}
    return [block for block in found if block not in replaced]


def is_from(block: bpy.types.ID, library: str | None) -> bool:
    """Whether the data-block is linked from the library that is meant (see ``named``).

    By the end of its path, because the path from the file to the library changes with the file's own place.
    """
    if library is None:
        return True
    if block.library is None or not library:
        return block.library is None and not library
    wanted = [part for part in library.replace("\\", "/").removeprefix("//").split("/") if part not in ("..", ".")]
    return _parts(block.library)[-len(wanted):] == wanted


def written(block: bpy.types.ID, among: Iterable[bpy.types.ID]) -> str:
    """The library of ``block`` as ``is_from`` tells it from those of ``among``: as short as that can be."""
    if block.library is None:
        return ""
    parts = _parts(block.library)
    others = [_parts(other.library) for other in among if other.library not in (None, block.library)]
    count = next((count for count in range(1, len(parts)) if all(other[-count:] != parts[-count:]
                                                                for other in others)), len(parts))
    return "/".join(parts[-count:])


def _parts(library: bpy.types.Library) -> list[str]:
    """Blender keeps paths of indirect libraries, too, relative to the open file."""
    return os.path.normpath(bpy.path.abspath(library.filepath)).replace("\\", "/").split("/")
