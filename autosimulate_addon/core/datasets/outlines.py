"""From outlines in pixels to masks, for every format that has outlines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ...protocol import InputError

#: Corners of the polygon that stands for a circle: at most a thousandth of the radius off.
_CIRCLE_CORNERS = 64
#: Rasterising takes time with the length of the outline: far outside the picture there is nothing to draw.
MAX_COORDINATE = 1e5


def run_lengths():
    """pycocotools' mask module. Raises InputError where it is not installed."""
    try:
        from pycocotools import mask
    except ImportError as error:
        raise InputError("Reading outlines needs pycocotools, which this Python does not have: install it, "
                         "or use index masks.") from error
    return mask


def is_finite(polygon: Sequence[float]) -> bool:
    """Whether a flat list x, y, x, y ... holds only numbers that a picture can have."""
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
               and abs(value) < MAX_COORDINATE for value in polygon)


def has_area(polygon: Sequence[float]) -> bool:
    """Whether a flat list x, y, x, y ... encloses anything: three points that are not on one line."""
    if len(polygon) < 6:
        return False
    points = np.asarray(polygon, float).reshape(-1, 2)
    sides = points - points[0]
    far = sides[np.abs(sides).sum(1).argmax()]
    return bool(np.abs(sides[:, 0] * far[1] - sides[:, 1] * far[0]).max() > 1e-9)


def polygon_mask(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: the union of polygons, each a flat list x, y, x, y ... in pixels."""
    rle = run_lengths()
    width, height = size
    return rle.decode(rle.merge(rle.frPyObjects([list(polygon) for polygon in polygons], height, width))).astype(bool)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    """The outline of an upright rectangle between two opposite corners."""
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def circle(x: float, y: float, radius: float) -> list[float]:
    """The outline of a circle as a polygon."""
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_CORNERS, endpoint=False)
    return np.column_stack((x + radius * np.cos(angles), y + radius * np.sin(angles))).ravel().tolist()


def extent(polygons: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """The corners x0, y0, x1, y1 of the smallest box around polygons."""
    points = np.concatenate([np.asarray(polygon, float).reshape(-1, 2) for polygon in polygons])
    return (*points.min(0).tolist(), *points.max(0).tolist())


def painted(masks: Iterable[tuple[int, np.ndarray]], size: tuple[int, int], background: int = 0) -> np.ndarray:
    """(H, W) uint16 ids from (id, mask) pairs, larger areas first, so that what stands in front of something larger
    stays visible."""
    ids = np.full((size[1], size[0]), background, np.uint16)
    for number, mask in sorted(masks, key=lambda item: -int(item[1].sum())):
        ids[mask] = number
    return ids


def as_boxes(rows: Iterable[tuple[float, ...]]) -> np.ndarray:
    """(n, 5) float64 from rows of id, x0, y0, x1, y1."""
    return np.array(list(rows), np.float64).reshape(-1, 5)
