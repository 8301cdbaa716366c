"""Instance annotations in the COCO format, with compressed run-length masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np


def annotations_of(labels: np.ndarray, instances: np.ndarray, extras: Mapping[str, np.ndarray] | None = None,
                   keypoints: Mapping[int, Sequence[int]] | None = None) -> list[dict[str, Any]]:
    """One annotation (without ids) for every visible instance.

    ``labels`` (H, W) uint8 class indices, ``instances`` (H, W) uint16, 0 is nothing. An instance with parts of
    several classes (by material) becomes one annotation per class. ``extras`` (see ``protocol.Render``) may tell the
    whole silhouettes, what is hidden too, and keypoints, of which a class (by its index) has those at the positions
    that ``keypoints`` tells.
    """
    annotations = []
    extras = extras or {}
    amodal = _amodal(instances, extras)
    points = dict(zip(extras.get("keypointed", np.empty(0, int)).tolist(), extras.get("keypoints", ()), strict=True))
    for instance, label, places in _regions(instances, labels):
        columns, rows = np.divmod(places, len(labels))
        left, top = int(columns[0]), int(rows.min())
        annotations.append({
            "category_id": label,
            "instance": instance,
            "bbox": [left, top, int(columns[-1]) - left + 1, int(rows.max()) - top + 1],
            "area": len(places),
            "segmentation": _run_lengths(places, labels.shape),
            "iscrowd": 0,
            **amodal.get(instance, {}),
            **(_points(points.get(instance), keypoints[label]) if keypoints and label in keypoints else {}),
        })
    return annotations


def _regions(instances: np.ndarray, labels: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """(instance, class, its pixels) of all that are visible. Pixels are counted down the columns, as COCO does, and
    rise. By one sort for all: an image may show a thousand instances, and asking it for each takes seconds."""
    number, label = instances.T.ravel().astype(np.uint32), labels.T.ravel()
    shown = np.flatnonzero((label != 0) & (label != 255))
    pairs = number[shown] << 8 | label[shown]
    order = np.argsort(pairs, kind="stable")
    different, starts = np.unique(pairs[order], return_index=True)
    parts = np.split(shown[order], starts[1:]) if len(shown) else []
    for pair, places in zip(different.tolist(), parts, strict=True):
        yield pair >> 8, pair & 255, places


def _amodal(instances: np.ndarray, extras: Mapping[str, np.ndarray]) -> dict[int, dict[str, Any]]:
    """By instance what is known of all of it; the box reaches beyond the image where the instance does."""
    found = {}
    seen = np.bincount(instances.ravel(), minlength=1 + int(max(extras.get("whole", ()), default=0)))
    for row, number in enumerate(extras.get("whole", ())):
        visible = int(seen[number])
        pixels = max(int(extras["whole_pixels"][row]), visible)     # a pixel's sample is not at its centre
        left, top, right, bottom = extras["whole_boxes"][row].tolist()
        found[int(number)] = {
            "amodal_bbox": [round(part, 2) for part in (left, top, right - left, bottom - top)],
            "amodal_area": pixels,
            "amodal_segmentation": _encoded(extras["whole_masks"][row]),
            "visible_fraction": visible / pixels if pixels else 0.0,
        }
    return found


def keypoint_names(by_class: Mapping[str, Sequence[str]]) -> list[str]:
    """Of all classes, each once, in the order of a render's "keypoints"."""
    return list(dict.fromkeys(name for names in by_class.values() for name in names))


def _points(points: np.ndarray | None, positions: Sequence[int]) -> dict[str, Any]:
    """COCO's x, y, flag of each point that the class has: all 0 for an object without such."""
    chosen = np.zeros((len(positions), 3)) if points is None else points[list(positions)]
    triples = [number for x, y, flag in chosen.tolist() for number in (round(x, 2), round(y, 2), int(flag))]
    return {"keypoints": triples, "num_keypoints": int((chosen[:, 2] > 0).sum())}


def _encoded(region: np.ndarray) -> dict[str, Any]:
    """A region (H, W) bool as compressed run lengths."""
    from pycocotools import mask as rle  # only whoever writes a data set needs it

    encoded = rle.encode(np.asfortranarray(region.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}


def _run_lengths(places: np.ndarray, shape: tuple[int, int]) -> dict[str, Any]:
    """As ``_encoded``, of the region's pixels counted down the columns, which rise."""
    from pycocotools import mask as rle

    ends = np.flatnonzero(np.diff(places) != 1)
    edges = np.stack([places[np.append(0, ends + 1)], places[np.append(ends, -1)] + 1], axis=1).ravel()
    counts = np.diff(edges, prepend=0, append=shape[0] * shape[1]).tolist()
    if not counts[-1]:
        counts.pop()
    encoded = rle.frPyObjects({"size": list(shape), "counts": counts}, *shape)
    return {"size": list(shape), "counts": encoded["counts"].decode("ascii")}


def dataset(classes: Sequence[str], images: Sequence[dict[str, Any]],
            annotations: Sequence[Sequence[dict[str, Any]]],
            keypoints: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The whole COCO document; ids count from 1 in the order of ``images``. Category ids are class indices.

    ``keypoints``: names of the points of each class that has some. How they are joined (COCO's skeleton) nobody said.
    """
    keypoints = keypoints or {}
    numbered: list[dict[str, Any]] = []
    for image_id, of_image in enumerate(annotations, start=1):
        for annotation in of_image:
            numbered.append({"id": len(numbered) + 1, "image_id": image_id, **annotation})
    return {
        "info": {"description": "Rendered with AutoSimulate for Blender", "version": "1.0"},
        "licenses": [],
        "images": [{"id": image_id, **image} for image_id, image in enumerate(images, start=1)],
        "annotations": numbered,
        "categories": [{"id": index, "name": name, "supercategory": "",
                        **({"keypoints": list(keypoints[name]), "skeleton": []} if name in keypoints else {})}
                       for index, name in enumerate(classes) if index > 0],
    }
