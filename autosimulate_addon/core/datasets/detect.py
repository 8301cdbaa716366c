"""Which format a folder is in."""

from __future__ import annotations

from pathlib import Path

from ...protocol import InputError
from . import bop, coco, index_masks
from .index_masks import pictures_in
from .source import Source

#: Tried in this order: BOP folders have masks/ too, and a data set may come with index masks and COCO at once.
_READERS = (bop.find, index_masks.find, coco.find)
FORMATS = ("BOP", "index masks", "COCO")


def find_source(folder: Path) -> Source:
    """The folder as one of the formats. Raises InputError that says what was found instead."""
    if not folder.exists():
        raise InputError(f"The validation folder '{folder}' does not exist.")
    if not folder.is_dir():
        raise InputError(f"The validation data '{folder}' is a file: give the folder that holds images and masks.")
    try:
        for find in _READERS:
            source = find(folder)
            if source is not None:
                return source
        raise InputError(f"'{folder}' is not validation data: {_what_is_there(folder)}. Give images/ with masks/, "
                         f"a COCO file with its images, or a BOP folder.")
    except OSError as error:
        raise InputError(f"The validation folder '{folder}' cannot be read ({error.strerror or error}).") from error


def _what_is_there(folder: Path) -> str:
    if not any(folder.iterdir()):
        return "it is empty"
    images = pictures_in(folder) or pictures_in(folder / "images") or pictures_in(folder / "rgb")
    if images and any((folder / "labels").glob("*.txt")):
        return f"it has {len(images)} images with labels/ of text files, which are boxes (YOLO), not masks"
    if images:
        return f"it has {len(images)} images but no masks for them"
    return "it has no images"
