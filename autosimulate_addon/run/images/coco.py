"""Instance annotations in the COCO format, with compressed run-length masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def annotations_of(labels: np.ndarray, instances: np.ndarray) -> list[dict[str, Any]]:
    """One annotation (without ids) for every visible instance.

    ``labels`` (H, W) uint8 class indices, ``instances`` (H, W) uint16, 0 is nothing. An instance with parts of
    several classes (by material) becomes one annotation per class.
    """
    from pycocotools import mask as rle  # only whoever writes a data set needs it

    annotations = []
    pairs = np.unique(np.stack([instances.ravel(), labels.ravel()], axis=1), axis=0)
    for instance, label in pairs.tolist():
        if label == 0 or label == 255:
            continue
        region = (instances == instance) & (labels == label)
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        encoded = rle.encode(np.asfortranarray(region.astype(np.uint8)))
        annotations.append({
            "category_id": label,
            "instance": instance,
            "bbox": [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)],
            "area": int(region.sum()),
            "segmentation": {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")},
            "iscrowd": 0,
        })
    return annotations


def dataset(classes: Sequence[str], images: Sequence[dict[str, Any]],
            annotations: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """The whole COCO document; ids count from 1 in the order of ``images``. Category ids are class indices."""
    numbered: list[dict[str, Any]] = []
    for image_id, of_image in enumerate(annotations, start=1):
        for annotation in of_image:
            numbered.append({"id": len(numbered) + 1, "image_id": image_id, **annotation})
    return {
        "info": {"description": "Rendered with AutoSimulate for Blender", "version": "1.0"},
        "licenses": [],
        "images": [{"id": image_id, **image} for image_id, image in enumerate(images, start=1)],
        "annotations": numbered,
        "categories": [{"id": index, "name": name, "supercategory": ""}
                       for index, name in enumerate(classes) if index > 0],
    }
