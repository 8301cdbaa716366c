"""Data-blocks out of other .blend files, as copies of the open file's own: a catalogue's assets become choices here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..protocol import InputError, suggestion
from .pointers import KINDS

#: Custom property of a copy: where it is from. Who asks for it again gets the same one.
_ORIGIN = "autosimulate.from"


def append(library: Path, kind: str, names: Sequence[str] | None = None, called: str = "") -> list[bpy.types.ID]:
    """Copies of assets of one kind ("worlds") in the file ``library``: those of these names, else all of the kind.

    A copy is kept when the file is saved, whether something uses it or not, and is itself no asset. What was copied
    before is not copied again; where ``library`` is not there, as in a run's folder, that is all there is. ``called``
    is what copies know the library by (default: its path). Raises InputError, with nothing copied, where the file or an
    asset is in neither.
    """
    library = library.expanduser().absolute()
    called = called or str(library)
    copies = {block[_ORIGIN]: block for block in getattr(bpy.data, kind) if _ORIGIN in block}
    if not library.is_file():
        before = _origin(called, "")
        found = [origin.removeprefix(before) for origin in copies if origin.startswith(before)]
        if not found:
            raise InputError(f"There is no file '{library}' to take assets from; correct its name.")
        names = _chosen(library, kind, found, names)
        return [copies[_origin(called, name)] for name in names]
    try:
        with bpy.data.libraries.load(str(library), link=False, assets_only=True) as (there, wanted):
            names = _chosen(library, kind, getattr(there, kind), names)
            new = [name for name in names if _origin(called, name) not in copies]
            setattr(wanted, kind, list(new))
    except OSError:
        raise InputError(f"'{library}' is not a .blend file that Blender can read; choose another.") from None
    for name, block in zip(new, getattr(wanted, kind), strict=True):
        block.asset_clear()
        block.use_fake_user = True          # choices are often used by nothing else
        block[_ORIGIN] = _origin(called, name)
        copies[block[_ORIGIN]] = block
    return [copies[_origin(called, name)] for name in names]


def _chosen(library: Path, kind: str, found: Sequence[str], names: Sequence[str] | None) -> list[str]:
    word = KINDS[kind]
    if not found:
        raise InputError(f"'{library}' has no {word} that is marked as an asset; mark some there (right-click, Mark as "
                         "Asset) or choose another file.")
    for name in names or ():
        if name not in found:
            raise InputError(f"'{library}' has no {word} {name!r} that is marked as an asset{suggestion(name, found)}; "
                             "correct the name.")
    return sorted(found) if names is None else list(dict.fromkeys(names))


def _origin(library: str, name: str) -> str:
    return f"{library}: {name}"
