"""Labelled images in memory, at the size the network sees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

#: Label of pixels that neither loss nor metric counts.
IGNORE = 255


@dataclass(frozen=True, eq=False)        # one set is equal to itself: arrays have no hash
class Dataset:
    """N images with a class index for every pixel, and with boxes where the folder has them."""

    images: np.ndarray            # (N, H, W, 3) uint8, as displayed (sRGB)
    labels: np.ndarray            # (N, H, W) uint8, class index; 0 is background, IGNORE is not counted
    classes: tuple[str, ...]      # names by class index
    names: tuple[str, ...]        # of the images, sorted
    notes: tuple[str, ...] = ()   # what reading did that the user should know, one sentence each
    #: For each image (n, 5) float32: class index, x0, y0, x1, y1 in pixels of these images. None: a set without boxes.
    boxes: tuple[np.ndarray, ...] | None = None
    has_masks: bool = True        # False: boxes only, all labels are background
    shrunk: bool = False          # most pictures were larger than this, as photographs are and renders are not

    def __post_init__(self) -> None:
        n, height, width = self.labels.shape
        if self.images.shape != (n, height, width, 3) or len(self.names) != n:
            raise ValueError(f"{self.images.shape} images, {self.labels.shape} labels and {len(self.names)} names")
        if self.images.dtype != np.uint8 or self.labels.dtype != np.uint8:
            raise ValueError(f"images are {self.images.dtype} and labels {self.labels.dtype}, both must be uint8")
        if self.boxes is not None and (len(self.boxes) != n or any(b.shape[1:] != (5,) for b in self.boxes)):
            raise ValueError(f"{len(self.boxes)} arrays of boxes for {n} images, each must be (n, 5)")

    def __len__(self) -> int:
        return len(self.names)

    def part(self, first: int, end: int) -> Dataset:
        """The images from ``first`` up to ``end``, in the order of their names."""
        some = slice(first, end)
        return replace(self, images=self.images[some], labels=self.labels[some], names=self.names[some],
                       boxes=self.boxes and self.boxes[some])

    def digest(self) -> str:
        """What other names, labels or boxes would change. Not pixels: each version of a decoder rounds its own way."""
        found = hashlib.sha256("\0".join(self.names).encode())
        for part in (self.labels, *(self.boxes or ())):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    def pixel_counts(self) -> np.ndarray:
        """Pixels of each class, (C,) int64, ignored ones left out."""
        return np.bincount(self.labels.ravel(), minlength=256)[:len(self.classes)]
