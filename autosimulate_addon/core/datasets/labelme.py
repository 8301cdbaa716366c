"""LabelMe (github.com/wkentaro/labelme): one JSON file an image with polygons, rectangles, circles and masks."""

from __future__ import annotations

import base64
import math
import posixpath
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .image_files import pictures_in
from .outlines import circle, is_finite, rectangle
from .pictures import read_bitmap
from .problems import BAD_ANNOTATION, NO_SHAPE, REPEATED_IMAGE, FileProblem
from .shapes import IGNORED, ClassNumbers, Labels, Shape, add_sample, finish, image_for
from .source import Source
from .text_files import NO_JSON, read_json

_PLACES = ("", "annotations", "labels", "json", "images")
_IMAGE_FOLDERS = ("", "images", "JPEGImages")


def find(folder: Path) -> Source | None:
    """The source for a folder whose JSON files are LabelMe's; None where none is."""
    documents: dict[Path, dict] = {}
    broken: list[Path] = []
    for place in _PLACES:
        for path in sorted((folder / place).glob("*.json")):
            try:
                data = read_json(path)
            except (OSError, ValueError):
                broken.append(path)
                continue
            if isinstance(data, dict) and isinstance(data.get("shapes"), list) and "imagePath" in data:
                documents[path] = data
    return _source(folder, documents, broken) if documents else None


def _source(folder: Path, files: dict[Path, dict], broken: list[Path]) -> Source:
    numbers = ClassNumbers()
    source = Source("LabelMe", f"LabelMe ({len(files)} JSON files)", [], numbers.table, ignore=IGNORED,
                    complete=False)
    for path in broken:
        source.problems.add(BAD_ANNOTATION, path.name, f"it {NO_JSON}")
    labels: dict[Path, Labels] = {}
    for path, data in files.items():
        try:
            image = _image(folder, path, data["imagePath"])
            if image in labels:
                raise FileProblem(REPEATED_IMAGE, image.name)
            skip = partial(source.skipped.add, name=path.name)
            shapes = [_shape(entry, numbers, skip) for entry in data["shapes"]]
            labels[image] = Labels(tuple(shape for shape in shapes if shape is not None),
                                   (data.get("imageWidth"), data.get("imageHeight")), ordered=True)
            add_sample(source, image.name, image, labels[image])
        except FileProblem as problem:
            source.problems.add(problem.kind, path.name, problem.detail)
    folders = {image.parent for image in labels}
    others = [image for place in sorted(folders) for image in pictures_in(place) if image not in labels]
    if others:
        source.notes.append(f"{len(others)} images have no annotation and are left out (first: {others[0].name}).")
    finish(source, labels.values())
    return source


def _image(folder: Path, path: Path, name: Any) -> Path:
    """``imagePath`` counts from the JSON file's own folder, and may go up as long as it stays in the data set's."""
    if not isinstance(name, str):
        raise FileProblem(BAD_ANNOTATION, "its imagePath is no text")
    inside = path.parent.relative_to(folder).as_posix()
    name = posixpath.normpath(posixpath.join(inside, name.replace("\\", "/")))
    own = name.removeprefix(f"{inside}/")
    try:
        return image_for(name, path.stem, [folder])
    except FileProblem:
        return image_for(own, path.stem, [path.parent, *(folder / place for place in _IMAGE_FOLDERS)])


def _shape(entry: Any, numbers: ClassNumbers, skip: Callable[..., None]) -> Shape | None:
    """None for points, lines and other shapes that enclose nothing."""
    if not isinstance(entry, dict) or not isinstance(entry.get("label"), str) or not entry["label"].strip():
        raise FileProblem(BAD_ANNOTATION, "a shape has no label")
    points, kind = entry.get("points"), entry.get("shape_type") or "polygon"
    if not isinstance(points, list) or not all(isinstance(point, list) and len(point) == 2 and is_finite(point)
                                               for point in points):
        raise FileProblem(BAD_ANNOTATION, f"the points of '{entry['label']}' are not pairs of x and y")
    if kind == "mask":
        return _bitmap(entry, numbers)
    if kind == "rectangle" and len(points) == 2:
        outline = rectangle(*points[0], *points[1])
    elif kind == "circle" and len(points) == 2:
        outline = circle(points[0][0], points[0][1], math.dist(points[0], points[1]))
    elif kind in ("polygon", "rectangle", "oriented_rectangle"):
        outline = [value for point in points for value in point]
    else:
        skip(NO_SHAPE)
        return None
    return Shape(numbers.of(entry["label"].strip()), (outline,))


def _bitmap(entry: dict[str, Any], numbers: ClassNumbers) -> Shape:
    """A mask: a picture in base64 that fills the box between its two points, the pixels of both included."""
    label, points = entry["label"].strip(), entry["points"]
    try:
        bitmap = read_bitmap(base64.b64decode(entry.get("mask") or "", validate=True))
    except (ValueError, TypeError, FileProblem) as error:
        raise FileProblem(BAD_ANNOTATION, f"the mask of '{label}' is no picture") from error
    if len(points) != 2:
        raise FileProblem(BAD_ANNOTATION, f"the mask of '{label}' has {len(points)} points instead of two corners")
    (x0, y0), (x1, y1) = ([round(value) for value in point] for point in points)
    if bitmap.shape != (y1 - y0 + 1, x1 - x0 + 1):
        raise FileProblem(BAD_ANNOTATION, f"the mask of '{label}' has another size than its box")
    return Shape(numbers.of(label), (), (x0, y0, x1 + 1, y1 + 1), bitmap)
