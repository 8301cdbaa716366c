"""Opening the scene a job works on, and saving copies of it without disturbing it."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from ...protocol import InputError
from ..process.log import logger
from ..process.streams import captured
from ..record.directory import atomic_path

#: How .blend files begin: plain, Zstandard (3.0 and later), gzip (before).
_MAGIC = (b"BLENDER", b"\x28\xb5\x2f\xfd", b"\x1f\x8b")


def opened() -> Path | None:
    """The file that Blender has open, or None when it is an unsaved one."""
    return Path(bpy.data.filepath) if bpy.data.filepath else None


def open_scene(path: str | os.PathLike[str] | None) -> bpy.types.Scene | None:
    """The scene of ``path``, or of the file already open in Blender; None when there is neither.

    Scripts inside the file are not run. Raises InputError when the file is missing or is not a .blend.
    """
    current = opened()
    if path is None:
        return bpy.context.scene if current else None
    path = Path(path).expanduser().absolute()
    check_blend(path)
    if current is None or not current.exists() or not path.samefile(current):
        try:
            with captured() as printed:
                bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
            logger.info("opening %s: %s", path, "".join(printed))
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1].removeprefix("Error: ")
            raise InputError(f"Blender cannot open '{path}': {reason.rstrip('.')}.") from error
    return bpy.context.scene


def check_blend(path: Path) -> None:
    if not path.exists():
        raise InputError(f"There is no scene file '{path}'.")
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; give a .blend file.")
    if not path.is_file():      # a pipe or a device: reading it may wait for ever
        raise InputError(f"'{path}' is not a file; give a .blend file.")
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"The scene '{path}' cannot be read ({error.strerror}).") from error
    if not start.startswith(_MAGIC):
        raise InputError(f"'{path}' is not a .blend file.")


def save_copy(path: Path) -> None:
    """Writes what is in memory to ``path``, atomically; the open file keeps its name and state."""
    with atomic_path(path) as temporary:
        try:
            with captured() as printed:
                bpy.ops.wm.save_as_mainfile(filepath=str(temporary), copy=True, check_existing=False,
                                            relative_remap=True)
            logger.info("saving %s: %s", path, "".join(printed))
        except RuntimeError as error:       # a full disk, for one; Blender's own message names the temporary file
            reason = str(error).strip().splitlines()[-1].replace(temporary.name, path.name)
            raise InputError(f"Blender cannot save '{path}': {reason.removeprefix('Error: ').rstrip('.')}.") from error
