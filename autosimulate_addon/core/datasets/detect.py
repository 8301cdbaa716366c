"""Which format a folder is in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...protocol import InputError
from . import bop, coco, index_masks, labelme, voc, yolo
from .image_files import forget_folders, pictures_in, unread
from .source import Source
from .text_files import NO_JSON, read_json

#: Name -> what gives the source for a folder in this format, or None for any other folder. Tried in this order:
#: BOP and VOC folders have masks/ too, and a data set may come with masks and with COCO at once.
READERS: dict[str, Callable[[Path], Source | None]] = {
    "BOP": bop.find,
    "Pascal VOC": voc.find,
    "index masks": index_masks.find,
    "COCO": coco.find,
    "LabelMe": labelme.find,
    "YOLO": yolo.find,
}
FORMATS = tuple(READERS)


def find_source(folder: Path, boxes: bool = False) -> Source:
    """The folder as one of the formats; ``boxes``: as the first of them that has boxes, if any of them does.

    Raises InputError that says what was found instead.
    """
    if not folder.exists():
        raise InputError(f"The validation folder '{folder}' does not exist.")
    if not folder.is_dir():
        raise InputError(f"The validation data '{folder}' is a file: give the folder that holds images and masks.")
    try:
        forget_folders()
        source = _find(folder)
        if source is not None and boxes and not source.has_boxes:
            others = (find(folder) for find in READERS.values())
            source = next((other for other in others if other is not None and other.has_boxes), source)
        if source is not None:
            return source
        raise InputError(f"'{folder}' is not validation data: {_what_is_there(folder)}. Give a folder in one of the "
                         f"formats {', '.join(FORMATS)}.")
    except OSError as error:
        raise InputError(f"The validation folder '{folder}' cannot be read ({error.strerror or error}).") from error


def _find(folder: Path) -> Source | None:
    return next((source for find in READERS.values() if (source := find(folder)) is not None), None)


def _what_is_there(folder: Path) -> str:
    if not any(folder.iterdir()):
        return "it is empty"
    inside = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and _holds_data(path)]
    if inside:
        return f"it holds several sets, of which one is to be given ({', '.join(inside[:8])})"
    places = [folder, folder / "images", folder / "rgb"]
    for path in (path for place in (*places, folder / "annotations") for path in sorted(place.glob("*.json"))):
        try:
            read_json(path)
        except (OSError, ValueError):
            return f"its '{path.name}' {NO_JSON}"
    images = next((found for place in places if (found := pictures_in(place))), [])
    if images:
        return f"it has {len(images)} images but no masks for them"
    others = next(filter(None, map(unread, places)), "")
    return f"it has {others}" if others else "it has no images"


def _holds_data(folder: Path) -> bool:
    try:
        return _find(folder) is not None
    except (InputError, OSError):
        return False
