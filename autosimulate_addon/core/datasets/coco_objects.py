"""The objects of one image in a COCO file: their masks and boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .outlines import as_boxes, extent, has_area, is_finite, painted, polygon_mask, run_lengths
from .problems import BAD_ANNOTATION, NO_MASK, NO_OUTLINE, SIZE_MISMATCH, FileProblem


@dataclass(frozen=True)
class CocoObject:
    """One annotation: its category's position, its fields ``segmentation`` and ``bbox`` as the file has them, and
    whether it is a crowd: many objects in one outline, which no box is to be found around."""

    position: int
    segmentation: Any
    bbox: Any
    crowd: bool = False


def ids_of(objects: list[CocoObject], stated: tuple[Any, Any], skip: Callable[..., None],
           size: tuple[int, int]) -> np.ndarray:
    """(H, W) positions of an image of ``size``; ``stated`` is the width and height in the file. ``skip(kind)`` is
    called for each part that is left out."""
    check_size(stated, size)
    masks = []
    for entry in objects:
        mask = _mask(entry, size, skip)
        if mask is not None:
            masks.append((entry.position, mask))
    return painted(masks, size)


def check_size(stated: tuple[Any, Any], size: tuple[int, int]) -> None:
    """Raises FileProblem where a file states another width and height than the image's. Programs that do not know
    the size leave it out or write 0."""
    width, height = (_number(value) for value in stated)
    if width and height and (width, height) != size:
        raise FileProblem(SIZE_MISMATCH, f"{stated[0]} x {stated[1]} in the annotations, "
                                         f"image {size[0]} x {size[1]}")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def boxes_of(objects: list[CocoObject], size: tuple[int, int]) -> np.ndarray:
    """(n, 5): position and corners of each object that has a box, or an outline to put one around."""
    rows = []
    for entry in objects:
        corners = None if entry.crowd else _corners(entry, size)
        if corners is not None:
            rows.append((entry.position, *corners))
    return as_boxes(rows)


def _corners(entry: CocoObject, size: tuple[int, int]) -> tuple[float, float, float, float] | None:
    box = entry.bbox
    if isinstance(box, list) and len(box) == 4 and is_finite(box) and box[2] > 0 and box[3] > 0:
        return (box[0], box[1], box[0] + box[2], box[1] + box[3])
    if isinstance(entry.segmentation, list):
        outlines = [polygon for polygon in _polygons(entry.segmentation) if has_area(polygon)]
        return extent(outlines) if outlines else None
    if isinstance(entry.segmentation, dict):
        rows, columns = np.nonzero(_from_run_lengths(entry.segmentation, size))
        if len(rows):
            return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return None


def _mask(entry: CocoObject, size: tuple[int, int], skip: Callable[..., None]) -> np.ndarray | None:
    """(H, W) bool of one annotation; None where it has no outline."""
    segmentation = entry.segmentation
    if isinstance(segmentation, dict):
        return _from_run_lengths(segmentation, size)
    if segmentation is None or segmentation == []:
        skip(NO_MASK if entry.bbox else NO_OUTLINE)
        return None
    outlines = []
    for polygon in _polygons(segmentation):
        if has_area(polygon):
            outlines.append(polygon)
        else:
            skip(NO_OUTLINE)
    return polygon_mask(outlines, size) if outlines else None


def _polygons(segmentation: Any) -> list[list[float]]:
    if not isinstance(segmentation, list):
        raise FileProblem(BAD_ANNOTATION, "it has no segmentation")
    for polygon in segmentation:
        if not isinstance(polygon, list) or not is_finite(polygon) or (len(polygon) >= 6 and len(polygon) % 2):
            raise FileProblem(BAD_ANNOTATION, "a polygon is not a list of x and y")
    return segmentation


def _from_run_lengths(segmentation: dict, size: tuple[int, int]) -> np.ndarray:
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
    rle = run_lengths()
    return rle.decode(rle.frPyObjects({"size": [height, width], "counts": counts}, height, width)).astype(bool)


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
