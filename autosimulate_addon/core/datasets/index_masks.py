"""Images with class-index masks: one 8-bit grey or palette picture for each image, its values the class ids."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .class_table import read_class_table
from .pictures import IMAGE_SUFFIXES, MASK_SUFFIXES, read_indices
from .problems import MISSING_MASK, SIZE_MISMATCH, FileProblem
from .source import Sample, Source

#: Folders of images and of masks beside each other; the last is Pascal VOC's.
FOLDER_PAIRS = (("images", "masks"), ("rgb", "masks"), ("images", "labels"), ("JPEGImages", "SegmentationClass"))
#: What a mask's name may have more than its image's.
MASK_ENDINGS = ("", "_mask", "_label", "_seg")


def find(folder: Path) -> Source | None:
    """The source for this layout, or None where the folder does not have it."""
    for images, masks in FOLDER_PAIRS:
        if (folder / images).is_dir() and pictures_in(folder / masks, MASK_SUFFIXES):
            found = _pair(pictures_in(folder / images), pictures_in(folder / masks, MASK_SUFFIXES))
            return _source(folder, f"{images}/ and {masks}/", *found)
    pictures = pictures_in(folder)
    beside = [path for path in pictures if path.suffix.lower() in MASK_SUFFIXES
              and any(ending and path.stem.endswith(ending) for ending in MASK_ENDINGS)]
    images = [path for path in pictures if path not in set(beside)]
    if beside and images:
        return _source(folder, "masks beside their images", *_pair(images, beside))
    return None


def pictures_in(folder: Path, suffixes: tuple[str, ...] = IMAGE_SUFFIXES) -> list[Path]:
    """Picture files of a folder by name; hidden ones (a dot first) are none."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir()
                  if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file())


def sample_from_mask(image: Path, mask: Path) -> Sample:
    return Sample(image.name, image, partial(_ids, mask), mask)


def _ids(mask: Path, size: tuple[int, int]) -> np.ndarray:
    ids = read_indices(mask)
    if ids.shape != (size[1], size[0]):
        raise FileProblem(SIZE_MISMATCH, f"{ids.shape[1]} x {ids.shape[0]}, image {size[0]} x {size[1]}")
    return ids


def _pair(images: list[Path], masks: list[Path]) -> tuple[list[Sample], list[Path], list[Path]]:
    """Samples, images without a mask, masks without an image."""
    by_stem = {path.stem: path for path in reversed(masks)}
    samples, lonely, used = [], [], set()
    for image in images:
        mask = next((by_stem[image.stem + end] for end in MASK_ENDINGS if image.stem + end in by_stem), None)
        if mask is None:
            lonely.append(image)
        else:
            used.add(mask)
            samples.append(sample_from_mask(image, mask))
    return samples, lonely, [mask for mask in masks if mask not in used]


def _source(folder: Path, layout: str, samples: list[Sample], lonely: list[Path], unused: list[Path]) -> Source:
    source = Source("index masks", f"images with class-index masks ({layout})", samples, read_class_table(folder))
    for image in lonely:
        source.problems.add(MISSING_MASK, image.name)
    if unused:
        source.notes.append(f"{len(unused)} masks have no image and are left out (first: {unused[0].name}).")
    return source
