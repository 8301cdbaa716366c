"""Objects with outlines or boxes in pixels, as YOLO, Pascal VOC and LabelMe files describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .class_table import LABELME_IGNORE, is_background, same_name
from .coco_objects import check_size
from .image_files import find_image, folded, pictures_in
from .outlines import as_boxes, extent, has_area, painted, polygon_mask
from .problems import AMBIGUOUS_IMAGE, MISSING_IMAGE, NO_MASK, NO_OUTLINE, FileProblem
from .source import Sample, Source

#: The id of outlines whose pixels are not counted.
IGNORED = 65534


@dataclass(frozen=True)
class Shape:
    """One object: its id, its outlines (flat lists x, y, x, y ...; none where it has a box only) and its corners
    x0, y0, x1, y1 (None: those of the outlines), in the unit of the file. Instead of outlines it may have a
    ``bitmap`` (h, w) bool, whose first pixel is the one at x0, y0."""

    number: int
    outlines: tuple[list[float], ...] = ()
    box: tuple[float, float, float, float] | None = None
    bitmap: np.ndarray | None = None

    def placed(self, size: tuple[int, int]) -> np.ndarray:
        """(H, W) bool: the bitmap in its place, as far as it is in the picture."""
        assert self.bitmap is not None and self.box is not None
        left, top = int(self.box[0]), int(self.box[1])
        mask = np.zeros((size[1], size[0]), bool)
        part = self.bitmap[max(0, -top):max(0, size[1] - top), max(0, -left):max(0, size[0] - left)]
        top, left = max(0, top), max(0, left)
        mask[top:top + part.shape[0], left:left + part.shape[1]] = part
        return mask


@dataclass(frozen=True)
class Labels:
    """The shapes of one image, and what the file says of the image's size. ``relative``: the unit is the image's
    width and height instead of the pixel. ``ordered``: later shapes lie on earlier ones, else small on large."""

    shapes: tuple[Shape, ...]
    stated: tuple[Any, Any] = (None, None)
    background: int = 0
    relative: bool = False
    ordered: bool = False

    def ids(self, skip: Callable[..., None], size: tuple[int, int]) -> np.ndarray:
        """(H, W) uint16 ids. ``skip(kind)`` is called for each object that is left out. Raises FileProblem."""
        check_size(self.stated, size)
        masks = []
        for shape in self.shapes:
            if shape.bitmap is not None:
                masks.append((shape.number, shape.placed(size)))
                continue
            outlines = [self._pixels(outline, size) for outline in shape.outlines if has_area(outline)]
            if len(outlines) < len(shape.outlines):
                skip(NO_OUTLINE)
            elif not outlines:
                skip(NO_MASK)
            if outlines:
                masks.append((shape.number, polygon_mask(outlines, size)))
        if not self.ordered:
            return painted(masks, size, self.background)
        ids = np.full((size[1], size[0]), self.background, np.uint16)
        for number, mask in masks:
            ids[mask] = number
        return ids

    def boxes(self, size: tuple[int, int]) -> np.ndarray:
        """(n, 5) float64: id and corners in pixels."""
        rows = []
        for shape in self.shapes:
            outlines = [outline for outline in shape.outlines if has_area(outline)]
            corners = shape.box or (extent(outlines) if outlines else None)
            if corners is not None:
                rows.append((shape.number, *self._pixels(corners, size)))
        return as_boxes(rows)

    def _pixels(self, values: Iterable[float], size: tuple[int, int]) -> list[float]:
        return [value * size[place % 2] if self.relative else value for place, value in enumerate(values)]


def add_sample(source: Source, name: str, image: Path, labels: Labels) -> None:
    """Adds one image with its shapes to ``source``."""
    source.samples.append(Sample(name, image, partial(labels.ids, partial(source.skipped.add, name=name)),
                                 boxes=labels.boxes))


def finish(source: Source, labels: Iterable[Labels]) -> None:
    """Notes whether there are masks or boxes only, and sorts the images by name."""
    shapes = [shape for each in labels for shape in each.shapes]
    source.has_masks = not shapes or any(shape.outlines or shape.bitmap is not None for shape in shapes)
    if not shapes:
        source.hint = "no object is annotated"
    source.samples.sort(key=lambda sample: sample.name)


class ClassNumbers:
    """Gives the class names of files that have no list of them numbers from 1, in the order in which they come up."""

    def __init__(self) -> None:
        self.table: dict[int, str] = {0: "background"}

    def of(self, name: str) -> int:
        """The id of ``name``: 0 for the background, IGNORED for labelme's pixels that do not count."""
        if name == LABELME_IGNORE:
            return IGNORED
        if is_background(name):
            return 0
        known = next((number for number, other in self.table.items() if same_name(name, other)), None)
        if known is None:
            known = len(self.table)
            self.table[known] = name
        return known


def image_for(name: str, stem: str, places: list[Path]) -> Path:
    """The image that an annotation names, else the one picture called as its own file. Raises FileProblem."""
    try:
        return find_image(name, places)
    except FileProblem as problem:
        if problem.kind != MISSING_IMAGE:
            raise
        images = [path for place in places for path in pictures_in(place) if folded(path.stem) == folded(stem)]
        images = list(dict.fromkeys(images))
        if len(images) > 1:
            raise FileProblem(AMBIGUOUS_IMAGE, " or ".join(path.name for path in images)) from problem
        if not images:
            raise
        return images[0]
