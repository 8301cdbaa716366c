"""Images with class-index masks: one 8-bit grey or palette picture for each image, its values the class ids."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from .class_table import read_class_table
from .image_files import folded, pictures_in, without_twins
from .label_map import read_label_map
from .pictures import MASK_SUFFIXES, read_indices
from .problems import AMBIGUOUS_MASK, LOSSY_MASK, MISSING_MASK, SIZE_MISMATCH, FileProblem
from .source import Sample, Source

#: Folders of images and of masks beside each other; the last are Pascal VOC's and labelme's.
FOLDER_PAIRS = (("images", "masks"), ("rgb", "masks"), ("images", "labels"), ("JPEGImages", "SegmentationClass"),
                ("JPEGImages", "SegmentationClassPNG"))
#: What a mask's name may have more than its image's.
MASK_ENDINGS = ("", "_mask", "_label", "_seg")


def find(folder: Path) -> Source | None:
    """The source for this layout, or None where the folder does not have it."""
    for image_folder, mask_folder in FOLDER_PAIRS:
        masks = pictures_in(folder / mask_folder)
        if (folder / image_folder).is_dir() and masks:
            return source_of(folder, f"{image_folder}/ and {mask_folder}/", pictures_in(folder / image_folder), masks)
    pictures = pictures_in(folder)
    stems = {folded(path.stem) for path in pictures}
    ended = {path: folded(path.stem.removesuffix(end)) for path in pictures for end in MASK_ENDINGS[1:]
             if path.stem.endswith(end)}
    if any(stem in stems for stem in ended.values()):
        masks = [path for path, stem in ended.items() if stem in stems or path.suffix.lower() in MASK_SUFFIXES]
        return source_of(folder, "masks beside their images", [path for path in pictures if path not in masks], masks)
    return None


def sample_from_mask(image: Path, mask: Path, read: Callable[[Path], np.ndarray] = read_indices) -> Sample:
    """``read`` gives the ids of the mask's pixels."""
    return Sample(image.name, image, partial(_ids, mask, read), mask)


def _ids(mask: Path, read: Callable[[Path], np.ndarray], size: tuple[int, int]) -> np.ndarray:
    ids = read(mask)
    if ids.shape != (size[1], size[0]):
        raise FileProblem(SIZE_MISMATCH, f"{ids.shape[1]} x {ids.shape[0]}, image {size[0]} x {size[1]}")
    return ids


def source_of(folder: Path, layout: str, images: list[Path], masks: list[Path]) -> Source:
    """The source for ``images`` with the one of ``masks`` that belongs to each; ``layout`` says where they are."""
    colours = read_label_map(folder)
    if colours:
        source = Source("index masks", f"images with masks in the colours of labelmap.txt ({layout})", [],
                        colours.table, ignore=None)
    else:
        source = Source("index masks", f"images with class-index masks ({layout})", [], read_class_table(folder))
    by_name: dict[str, list[Path]] = defaultdict(list)
    for mask in masks:
        by_name[folded(mask.stem)].append(mask)
    used: set[Path] = set()
    for image in images:
        # 7.png or 7_mask.png, and 7.jpg.png where a program appends to the whole name.
        names = [folded(image.stem + ending) for ending in MASK_ENDINGS] + [folded(image.name)]
        of_image = [mask for name in names for mask in by_name.get(name, ())]
        exact = [mask for mask in of_image if mask.suffix.lower() in MASK_SUFFIXES]
        used.update(of_image)
        if len(exact) == 1:
            source.samples.append(sample_from_mask(image, exact[0], colours.ids if colours else read_indices))
        elif exact:
            source.problems.add(AMBIGUOUS_MASK, image.name, " and ".join(mask.name for mask in exact))
        elif of_image:
            source.problems.add(LOSSY_MASK, of_image[0].name)
        else:
            source.problems.add(MISSING_MASK, image.name)
    _one_mask_each(source)
    unused = [mask for mask in masks if mask not in used]
    if unused:
        source.notes.append(f"{len(unused)} masks have no image and are left out (first: {unused[0].name}).")
    return source


def _one_mask_each(source: Source) -> None:
    """Two images must not share a mask: it belongs to one of them at most."""
    owners = Counter(sample.mask for sample in source.samples)
    shared = [sample.image for sample in source.samples if owners[sample.mask] > 1]
    without_twins(shared, source.problems)
