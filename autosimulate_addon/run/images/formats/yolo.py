"""YOLO (docs.ultralytics.com/datasets): images/SUBSET, labels/SUBSET with a line for each object, data.yaml."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import coco
from .rendered import Rendered, RenderedImage, place

#: Pixels are divided so often before their outline is traced, whose corners are cut by half of that.
_FINER = 4
#: Pairs of points whose distance is taken at a time.
_PAIRS = 1 << 20


def write(data: Rendered, folder: Path) -> None:
    """Boxes: class (from 0, without the background), centre and size as shares of the image."""
    _write(data, folder, _boxes)


def write_outlines(data: Rendered, folder: Path) -> None:
    """Outlines: class, then x y x y ... as shares of the image. Parts of one object are one line, joined by bridges
    without width, as Ultralytics' own converter joins them; the format has no holes.
    """
    _write(data, folder, _outlines)


def write_pose(data: Rendered, folder: Path) -> None:
    """Boxes, and after each x, y and flag of every keypoint that any class has: all 0 where the object has no such."""
    names = coco.keypoint_names(data.keypoints)

    def lines(image: RenderedImage) -> Iterator[str]:
        width, height = image.size
        for each, box in zip(image.annotations, _boxes(image), strict=True):
            own = iter(np.reshape(each.get("keypoints", []), (-1, 3)).tolist())
            points = {name: next(own) for name in data.keypoints.get(data.classes[each["category_id"]], ())}
            triples = (points.get(name, (0.0, 0.0, 0)) for name in names)
            yield " ".join([box, *(f"{x / width:.6f} {y / height:.6f} {int(flag)}" for x, y, flag in triples)])

    _write(data, folder, lines, [f"kpt_shape: [{len(names)}, 3]  # {', '.join(names)}"])


def _write(data: Rendered, folder: Path, lines: Callable[[RenderedImage], Iterable[str]],
           also: Iterable[str] = ()) -> None:
    described = []          # without "path", subsets are looked for beside data.yaml
    for subset, images in data.subsets():
        (folder / "images" / subset).mkdir(parents=True)
        (folder / "labels" / subset).mkdir(parents=True)
        described.append(f"{subset}: images/{subset}")
        for image in images:
            place(image.path, folder / "images" / subset / image.path.name)
            text = "".join(f"{line}\n" for line in lines(image))        # empty where it shows nothing
            (folder / "labels" / subset / f"{image.name}.txt").write_text(text, encoding="utf-8")
    if "val" not in dict(data.subsets()):
        described.append("val: images/train  # programs ask for one: nothing is held out, see --split")
    described += [*also, "names:", *(f"  {index}: {json.dumps(name)}" for index, name in enumerate(data.classes[1:]))]
    (folder / "data.yaml").write_text("\n".join(described) + "\n", encoding="utf-8")


def _boxes(image: RenderedImage) -> Iterable[str]:
    width, height = image.size
    for each in image.annotations:
        x, y, w, h = each["bbox"]
        yield _line(each, [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height])


def _outlines(image: RenderedImage) -> Iterable[str]:
    labels, instances = image.labels(), image.instances()
    for each in image.annotations:
        x, y, width, height = each["bbox"]
        around = np.s_[y:y + height, x:x + width]
        outline = outline_of((instances[around] == each["instance"]) & (labels[around] == each["category_id"]))
        yield _line(each, ((outline + np.array((x, y))) / image.size).ravel())


def _line(annotation: dict[str, Any], numbers: Iterable[float]) -> str:
    return " ".join([str(annotation["category_id"] - 1), *(f"{min(max(n, 0.0), 1.0):.6f}" for n in numbers)])


def outline_of(region: np.ndarray) -> np.ndarray:
    """(n, 2) x and y in pixels around a region (H, W) bool that is not empty; its parts follow each other."""
    from contourpy import FillType, contour_generator

    fine = np.pad(region.repeat(_FINER, 0).repeat(_FINER, 1).astype(float), 1)
    found, starts = contour_generator(z=fine, fill_type=FillType.OuterOffset).filled(0.5, 2.0)
    parts = [_corners((points[:offsets[1] - 1] - 0.5) / _FINER) for points, offsets in zip(found, starts, strict=True)]
    outline = parts[0]
    for part in parts[1:]:
        at, to = _nearest(outline, part)
        part = np.roll(part, -to, axis=0)
        outline = np.concatenate([outline[:at + 1], part, part[:1], outline[at:]])
    return outline


def _corners(ring: np.ndarray) -> np.ndarray:
    """Of the points (n, 2) of a closed line those at which it turns."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    return ring[before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]]


def _nearest(outline: np.ndarray, part: np.ndarray) -> tuple[int, int]:
    """Which of the points (n, 2) and which of (m, 2) are nearest to each other; not all n x m are held at once."""
    nearest = []
    for start in range(0, len(outline), step := max(1, _PAIRS // len(part))):
        distance = ((outline[start:start + step, None] - part[None]) ** 2).sum(2)
        at, to = np.unravel_index(distance.argmin(), distance.shape)
        nearest.append((distance[at, to], start + int(at), int(to)))
    return min(nearest)[1:]
