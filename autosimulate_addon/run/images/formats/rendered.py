"""A data set as it was rendered (see ``dataset_writer``), read image by image, and divided into subsets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...record.directory import DATASET_FILE, read_json
from ..split import SUBSETS, Split


@dataclass(frozen=True)
class RenderedImage:
    """One image with its labels; what is large is read when it is asked for."""

    name: str
    subset: str
    folder: Path
    record: dict[str, Any]

    @property
    def path(self) -> Path:
        return self.folder / "images" / f"{self.name}.png"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.record["image"]["width"], self.record["image"]["height"]

    @property
    def annotations(self) -> list[dict[str, Any]]:
        """One for each visible instance, as ``images.coco`` has them; none where the image shows nothing."""
        return self.record["annotations"]

    def labels(self) -> np.ndarray:
        """(H, W) uint8 class indices."""
        return np.asarray(Image.open(self.folder / "masks" / f"{self.name}.png"))

    def map(self, name: str) -> np.ndarray | None:
        """"depth" (H, W) or "normal" (H, W, 3) float32, as ``protocol.Render.extras`` has it, where it was rendered."""
        path = self.folder / name / f"{self.name}.npy"
        return np.load(path, allow_pickle=False) if path.exists() else None

    def instances(self) -> np.ndarray:
        """(H, W) uint16 instance numbers, 0 is nothing."""
        return np.asarray(Image.open(self.folder / "instances" / f"{self.name}.png")).astype(np.uint16)


@dataclass(frozen=True)
class Rendered:
    """The images by name, and the classes, of which the first is the background."""

    classes: tuple[str, ...]
    images: tuple[RenderedImage, ...]
    shares: tuple[float, ...]
    keypoints: Mapping[str, Sequence[str]] = field(default_factory=dict)     # of each class that has some

    def subsets(self) -> Iterator[tuple[str, list[RenderedImage]]]:
        """Those that were asked for, also where none of these few images fell into one."""
        for name, share in zip(SUBSETS, self.shares, strict=True):
            if share:
                yield name, [image for image in self.images if image.subset == name]


def read_rendered(folder: Path, split: Split) -> Rendered:
    """The images of ``folder`` that are complete."""
    described = read_json(folder / DATASET_FILE, "data set's dataset.json")
    images = []
    for path in sorted((folder / "records").glob("*.json")):
        record = read_json(path, "record of an image")
        images.append(RenderedImage(path.stem, split.subset(tuple(record["sample"])), folder, record))
    return Rendered(tuple(described["classes"]), tuple(images), split.shares,
                    described.get("keypoints", {}))


def place(image: Path, target: Path) -> None:
    """The same picture under another name: a second name for the same bytes where the file system has such."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(image, target)
    except OSError:
        shutil.copyfile(image, target)
