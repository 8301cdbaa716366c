"""COCO annotation files (cocodataset.org, "Data format"): polygons and run-length masks in one JSON file."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from ...protocol import InputError
from .problems import BAD_ANNOTATION, BAD_NAME, MISSING_IMAGE, SIZE_MISMATCH, FileProblem
from .source import Sample, Source

_KEYS = ("images", "annotations", "categories")
_PLACES = ("", "annotations")
_IMAGE_PLACES = ("", "images", "rgb", "../images")


def find(folder: Path) -> Source | None:
    """The source for the COCO file in ``folder`` or its annotations/; None where there is none."""
    found = []
    for place in _PLACES:
        for path in sorted((folder / place).glob("*.json")) if (folder / place).is_dir() else ():
            data = _read_json(path)
            if isinstance(data, dict) and all(isinstance(data.get(key), list) for key in _KEYS):
                found.append((path, data))
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path, _ in found)
        raise InputError(f"'{folder}' holds several COCO files ({names}): keep the one that is meant.")
    return _source(folder, *found[0]) if found else None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _source(folder: Path, path: Path, data: dict) -> Source:
    source = Source("COCO", f"COCO ({path.relative_to(folder)})", [], ignore=None)
    # Category ids are arbitrary numbers; here they count from 1 in the file's order, and 0 is what no mask covers.
    positions = _categories(path, data["categories"], source)
    annotations: dict[Any, list[tuple[dict, int]]] = {}
    for number, entry in enumerate(data["annotations"]):
        if not isinstance(entry, dict) or not _is_key(entry.get("image_id")) or \
                not _is_key(entry.get("category_id")) or entry["category_id"] not in positions:
            source.problems.add(BAD_ANNOTATION, f"annotation {number}", "its image or category is unknown")
            continue
        annotations.setdefault(entry["image_id"], []).append((entry, positions[entry["category_id"]]))
    for number, entry in enumerate(data["images"]):
        sample = _sample(folder, path.parent, number, entry, annotations, source)
        if sample is not None:
            source.samples.append(sample)
    if annotations:
        source.problems.add(BAD_ANNOTATION, f"annotations of {len(annotations)} images", "no such image is listed")
    source.samples.sort(key=lambda sample: sample.name)
    return source


def _categories(path: Path, categories: list, source: Source) -> dict[Any, int]:
    positions: dict[Any, int] = {}
    table = {0: "background"}
    for entry in categories:
        if not isinstance(entry, dict) or not _is_key(entry.get("id")) or not isinstance(entry.get("name"), str) \
                or entry["id"] in positions or len(positions) >= 60000:
            raise InputError(f"The categories of '{path}' cannot be used: each needs an id of its own and a name.")
        positions[entry["id"]] = len(positions) + 1
        table[len(positions)] = entry["name"]
    source.table = table
    source.aliases = ({key: position for key, position in positions.items() if isinstance(key, int)},)
    return positions


def _is_key(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _sample(folder: Path, base: Path, number: int, entry: Any, annotations: dict, source: Source) -> Sample | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("file_name"), str) or not _is_key(entry.get("id")):
        source.problems.add(BAD_ANNOTATION, f"image {number}", "it has no file name or id")
        return None
    name = entry["file_name"]
    annotated = annotations.pop(entry["id"], [])
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or PureWindowsPath(name).drive or "\0" in name:
        source.problems.add(BAD_NAME, name)
        return None
    for place in _IMAGE_PLACES:
        for start in (base, folder):
            image = start / place / relative
            if image.is_file():
                return Sample(name, image, partial(_ids, annotated, entry.get("width"), entry.get("height")))
    source.problems.add(MISSING_IMAGE, name)
    return None


def _ids(annotations: list[tuple[dict, int]], width: Any, height: Any, size: tuple[int, int]) -> np.ndarray:
    """Larger areas first, so that what stands in front of something larger stays visible."""
    if (width, height) != (None, None) and (width, height) != size:
        raise FileProblem(SIZE_MISMATCH, f"{width} x {height} in the annotations, image {size[0]} x {size[1]}")
    masks = []
    for number, (entry, position) in enumerate(annotations):
        mask = _mask(entry.get("segmentation"), size)
        masks.append((-int(mask.sum()), number, position, mask))
    ids = np.zeros((size[1], size[0]), np.uint16)
    for _, _, position, mask in sorted(masks, key=lambda item: item[:2]):
        ids[mask] = position
    return ids


def _mask(segmentation: Any, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of one annotation."""
    width, height = size
    try:
        from pycocotools import mask as rle
    except ImportError as error:
        raise InputError("Reading COCO masks needs pycocotools, which this Python does not have: install it, "
                         "or use index masks.") from error
    if isinstance(segmentation, list) and segmentation:
        if not all(_is_polygon(polygon) for polygon in segmentation):
            raise FileProblem(BAD_ANNOTATION, "a polygon is not a list of x and y")
        encoded = rle.merge(rle.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation, dict):
        encoded = _run_lengths(segmentation, size, rle)
    else:
        raise FileProblem(BAD_ANNOTATION, "it has no segmentation")
    return rle.decode(encoded).astype(bool)


def _is_polygon(polygon: Any) -> bool:
    # Rasterising takes time with the length of the outline: far outside the picture there is nothing to draw.
    return isinstance(polygon, list) and len(polygon) >= 6 and len(polygon) % 2 == 0 and all(
        isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 1e5 for value in polygon)


def _run_lengths(segmentation: dict, size: tuple[int, int], rle: Any) -> dict:
    """Checked before the C code sees them: runs that do not add up to the picture would be written past its end."""
    width, height = size
    counts = segmentation.get("counts")
    if segmentation.get("size") != [height, width]:
        raise FileProblem(SIZE_MISMATCH, f"run lengths for {segmentation.get('size')}, image is [{height}, {width}]")
    if isinstance(counts, str):
        counts = _decompress(counts)
    if not isinstance(counts, list) or not all(type(run) is int and run >= 0 for run in counts) \
            or sum(counts) != width * height:
        raise FileProblem(BAD_ANNOTATION, "its run lengths do not fill the image")
    return rle.frPyObjects({"size": [height, width], "counts": counts}, height, width)


def _decompress(text: str) -> list[int]:
    """COCO's compressed run lengths: base 32, six bits a character from '0', each run from the third on as the
    difference to the run before the last (pycocotools, maskApi.c, rleFrString)."""
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 30:
            raise FileProblem(BAD_ANNOTATION, "its run lengths are not COCO's")
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            if code & 16:
                value |= -1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value, shift = 0, 0
    return counts
