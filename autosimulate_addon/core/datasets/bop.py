"""BOP folders (Hodan et al., bop.felk.cvut.cz): rgb/, scene_gt.json, and masks as one picture an object or an image."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from ...protocol import InputError
from .image_files import pictures_in, without_twins
from .index_masks import sample_from_mask
from .outlines import as_boxes, is_finite
from .pictures import MASK_SUFFIXES, read_indices
from .problems import BAD_ANNOTATION, MISSING_MASK, SIZE_MISMATCH, FileProblem
from .source import Sample, Source
from .text_files import read_json

#: In masks/ a pixel is this many times its object's id, which makes the masks easy to look at.
PIXEL_PER_OBJECT = 16


def find(folder: Path) -> Source | None:
    """The source for a BOP scene folder, or for a split folder that holds several; None for anything else."""
    scenes = [folder] if _is_scene(folder) else sorted(
        path for path in (folder.iterdir() if folder.is_dir() else ()) if path.is_dir() and _is_scene(path))
    if not scenes:
        return None
    one_mask = all((scene / "masks").is_dir() for scene in scenes)
    source = Source("BOP", f"BOP ({'masks/' if one_mask else 'mask_visib/'}, "
                           f"{len(scenes)} scene{'s' if len(scenes) > 1 else ''})", [])
    objects: set[int] = set()
    for scene in scenes:
        prefix = f"{scene.name}/" if len(scenes) > 1 else ""
        objects |= _read_scene(scene, prefix, one_mask, source)
    factor = PIXEL_PER_OBJECT if one_mask else 1
    source.table = {0: "background"} | {number * factor: f"obj {number:06d}" for number in sorted(objects)}
    other = 1 if one_mask else PIXEL_PER_OBJECT
    source.aliases = ({number: number for number in source.table},
                      {number * other: number * factor for number in objects})
    source.complete = False
    return source


def _is_scene(folder: Path) -> bool:
    return (folder / "scene_gt.json").is_file() and ((folder / "rgb").is_dir() or (folder / "gray").is_dir())


def _read_scene(scene: Path, prefix: str, one_mask: bool, source: Source) -> set[int]:
    truth = _read_truth(scene / "scene_gt.json")
    visible = _read_visible(scene / "scene_gt_info.json")
    factor = PIXEL_PER_OBJECT if one_mask else 1
    masks = {path.stem: path for path in pictures_in(scene / ("masks" if one_mask else "mask_visib"), MASK_SUFFIXES)}
    objects: set[int] = set()
    for image in without_twins(pictures_in(scene / "rgb") or pictures_in(scene / "gray"), source.problems):
        name = prefix + image.name
        poses = truth.get(image.stem.lstrip("0") or "0")
        if poses is None:
            source.problems.add(BAD_ANNOTATION, name, "it is not in scene_gt.json")
            continue
        objects.update(poses)
        corners = visible.get(image.stem.lstrip("0") or "0", [])
        boxes = partial(_boxes, tuple(number * factor for number in poses), corners) \
            if len(corners) == len(poses) else None
        if one_mask:
            if image.stem not in masks:
                source.problems.add(MISSING_MASK, name)
                continue
            sample = sample_from_mask(image, masks[image.stem])
            source.samples.append(Sample(name, image, sample.ids, sample.mask, boxes))
        else:
            stems = [f"{image.stem}_{position:06d}" for position in range(len(poses))]
            if any(stem not in masks for stem in stems):
                source.problems.add(MISSING_MASK, name)
                continue
            parts = tuple((masks[stem], number) for stem, number in zip(stems, poses, strict=True))
            source.samples.append(Sample(name, image, partial(_compose, parts), boxes=boxes))
    return objects


def _read_truth(path: Path) -> dict[str, list[int]]:
    """Image id (as text) -> object ids in the order of the poses."""
    try:
        data = read_json(path, unique_keys=True)
        truth = {str(int(key)): [entry["obj_id"] for entry in entries] for key, entries in data.items()}
        if len(truth) != len(data):
            raise ValueError("an image is given twice")
        if any(type(number) is not int or not 0 < number <= 4095 for numbers in truth.values() for number in numbers):
            raise ValueError("obj_id")
        return truth
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"'{path}' is not BOP's scene_gt.json: it must give a list of poses with obj_id "
                         f"for each image.") from error


def _read_visible(path: Path) -> dict[str, list[list[float]]]:
    """Image id (as text) -> x, y, width, height of what is visible of each pose; nothing where the file is missing or
    is not BOP's: the masks do without it."""
    try:
        data = read_json(path, unique_keys=True)
        found = {str(int(key)): [[float(value) for value in entry["bbox_visib"]] for entry in entries]
                 for key, entries in data.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {key: boxes for key, boxes in found.items() if all(len(box) == 4 and is_finite(box) for box in boxes)}


def _boxes(ids: tuple[int, ...], visible: list[list[float]], size: tuple[int, int]) -> np.ndarray:
    """(n, 5): ids and corners of the poses of which something is visible (BOP writes -1 for the others)."""
    return as_boxes((number, x, y, x + width, y + height)
                    for number, (x, y, width, height) in zip(ids, visible, strict=True) if width > 0 and height > 0)


def _compose(parts: tuple[tuple[Path, int], ...], size: tuple[int, int]) -> np.ndarray:
    """One id image from a picture for each object's visible part; visible parts do not overlap."""
    ids = np.zeros((size[1], size[0]), np.uint16)
    for path, number in parts:
        mask = read_indices(path)
        if mask.shape != ids.shape:
            raise FileProblem(SIZE_MISMATCH, path.name)
        ids[mask > 0] = number
    return ids
