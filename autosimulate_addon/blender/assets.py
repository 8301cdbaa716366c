"""Data-blocks out of other .blend files, as copies of the open file's own: a catalogue's assets become choices here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..protocol import InputError, suggestion
from .pointers import KINDS

#: Custom property of a copy: where it is from. Who asks for it again gets the same one.
_ORIGIN = "autosimulate.from"


def append(library: Path, kind: str, names: Sequence[str] | None = None) -> list[bpy.types.ID]:
    """Copies of assets of one kind ("worlds") in the file ``library``: those of these names, else all of the kind.

    A copy is kept when the file is saved, whether something uses it or not, and is itself no asset. What was copied
    before is not copied again. Raises InputError, with nothing copied, where the file or an asset is not there.
    """
    library = library.expanduser().absolute()
    if not library.is_file():
        raise InputError(f"There is no file '{library}' to take assets from; correct its name.")
    try:
        with bpy.data.libraries.load(str(library), link=False, assets_only=True) as (there, wanted):
            found = list(getattr(there, kind))
            names = sorted(found) if names is None else list(dict.fromkeys(names))
            _check(library, kind, found, names)
            setattr(wanted, kind, [name for name in names if _copied(library, kind, name) is None])
    except OSError:
        raise InputError(f"'{library}' is not a .blend file that Blender can read; choose another.") from None
    for asked, block in zip([name for name in names if _copied(library, kind, name) is None], getattr(wanted, kind),
                            strict=True):
        block.asset_clear()
        block.use_fake_user = True          # choices are often used by nothing else
        block[_ORIGIN] = _origin(library, asked)
    return [_copied(library, kind, name) for name in names]


def _check(library: Path, kind: str, found: Sequence[str], names: Sequence[str]) -> None:
    word = KINDS[kind]
    if not found:
        raise InputError(f"'{library}' has no {word} that is marked as an asset; mark some there (right-click, Mark as "
                         "Asset) or choose another file.")
    for name in names:
        if name not in found:
            raise InputError(f"'{library}' has no {word} {name!r} that is marked as an asset{suggestion(name, found)}; "
                             "correct the name.")


def _copied(library: Path, kind: str, name: str) -> bpy.types.ID | None:
    """The copy that was made of it before."""
    return next((block for block in getattr(bpy.data, kind) if block.get(_ORIGIN) == _origin(library, name)), None)


def _origin(library: Path, name: str) -> str:
    return f"{library}: {name}"
