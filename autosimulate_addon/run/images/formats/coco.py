"""COCO (cocodataset.org): SUBSET/ with the images, annotations/instances_SUBSET.json: boxes, masks, keypoints."""

from __future__ import annotations

from pathlib import Path

from ...record.directory import write_json
from .. import coco
from .rendered import Rendered, place


def write(data: Rendered, folder: Path) -> None:
    """Category ids are class indices; images without objects are listed too."""
    for subset, images in data.subsets():
        for image in images:
            place(image.path, folder / subset / image.path.name)
        write_json(folder / "annotations" / f"instances_{subset}.json", coco.dataset(
            data.classes, [{**image.record["image"], "file_name": image.path.name} for image in images],
            [image.annotations for image in images], data.keypoints))
