"""Reading a whole folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from ...protocol import InputError
from ...protocol.photographs import crop_box, size_like
from . import binary_masks
from .class_ids import ClassIds, Said
from .class_table import listed
from .dataset import IGNORE, Dataset
from .detect import find_source
from .pictures import is_turned, read_photograph, resample_labels, resample_photograph
from .problems import SIZE_MISMATCH, FileProblem
from .source import Sample, Source


def read_dataset(folder: str | PathLike[str], classes: tuple[str, ...], ids: Mapping[str, Said] | None,
                 width: int, height: int, *, need_masks: bool | None = True, need_boxes: bool = False) -> Dataset:
    """All images of ``folder`` with their labels, sorted by name, at ``width`` x ``height``.

    ``classes`` are the scene's (0 is the background); ``ids`` maps class names to the id used in the folder, or to
    the labels there that are the class, by name or id; None or left out where the folder's own table or the class index
    says it (:class:`.class_ids.ClassIds`).
    Pictures of another aspect are cut to the render's around their centre; the data set's notes say so.
    Without ``need_masks`` a folder that has boxes only is read too; its labels are then all background. None: masks are
    needed where the folder has some. With ``need_boxes`` one without boxes is not read.

    Raises InputError, one sentence that counts and names everything that is wrong, or that nothing is labelled.
    """
    folder = Path(folder)
    source = find_source(folder, need_boxes)
    if need_masks is None:
        need_masks = source.has_masks
    if missing := lacking(source, need_masks, need_boxes):
        raise InputError(f"The validation data in '{folder}' {missing}.")
    samples = source.samples
    binary_masks.understand(source, samples, classes, ids)
    table = ClassIds(source, classes, ids)
    images = np.empty((len(samples), height, width, 3), np.uint8)
    labels = np.empty((len(samples), height, width), np.uint8)
    boxes, cropped, nowhere, larger = [], [], [], 0
    for position, sample in enumerate(samples):
        try:
            picture = read_photograph(sample.image)
            full_size = table.labels(sample.ids(picture.size))
            if sample.boxes is not None:
                rows = table.boxes(sample.boxes(picture.size))
                if lost := outside(rows, picture.size):
                    nowhere.append((sample.name, lost))
                boxes.append(resample_boxes(rows, picture.size, width, height))
        except FileProblem as problem:
            add_problem(source, sample, problem)
            continue
        larger += picture.size[0] > width and picture.size[1] > height
        if is_cropped(picture.size, width, height):
            cropped.append(picture.size)
        images[position] = resample_photograph(picture, width, height)
        labels[position] = resample_labels(full_size, width, height)
    if source.problems:
        raise InputError(f"The validation data in '{folder}' cannot be used: {'; '.join(source.problems)}.")
    if not samples:
        raise InputError(f"The validation folder '{folder}' ({source.description}) has no labelled images.")
    dataset = Dataset(images, labels, tuple(classes), tuple(sample.name for sample in samples), (),
                      tuple(boxes) if len(boxes) == len(samples) else None, source.has_masks,
                      2 * larger > len(samples))
    counts = dataset.pixel_counts()
    if need_boxes and not any(len(rows) for rows in boxes):
        raise InputError(f"The validation data in '{folder}' cannot be used: {nothing_boxed(source, classes)}.")
    if not counts[1:].any() and (need_masks or not any(len(rows) for rows in boxes)):
        raise InputError(f"The validation data in '{folder}' cannot be used: "
                         f"{nothing_shown(source, classes, int((labels == IGNORE).sum()))}.")
    notes = source.all_notes() + table.notes + crop_note(cropped, width, height) + _nowhere_note(nowhere)
    if source.has_masks or need_boxes:
        notes += _absent_note(classes, _box_counts(boxes, classes) if need_boxes else counts)
    return replace(dataset, notes=tuple(notes))


def lacking(source: Source, need_masks: bool, need_boxes: bool) -> str:
    """Why the labels of a folder are of no use to a task that needs masks, or boxes, without its subject; "" where they
    are."""
    if source.problems or not source.samples:
        return ""
    if need_masks and not source.has_masks:
        return (f"({source.description}) have boxes only, and boxes are no masks to learn segmentation from: choose "
                f"the task detection, or label the objects with polygons or class-index masks")
    if need_boxes and not source.has_boxes:
        return (f"({source.description}) do not say where one object ends and the next begins: detection needs boxes, "
                f"as COCO, YOLO, Pascal VOC, LabelMe or BOP have them; or choose the task segmentation")
    return ""


def nothing_shown(source: Source, classes: tuple[str, ...], ignored: int) -> str:
    """That no pixel has a label, and why as far as it is known; ``ignored``: how many pixels are not counted."""
    seen = "all labelled pixels have the value 255, which means 'not counted'" if ignored else \
        "all of them are background"
    why = source.hint or "; ".join(source.skipped) or seen
    return f"no pixel of its {len(source.samples)} images belongs to {listed(classes[1:])} ({why})"


def nothing_boxed(source: Source, classes: tuple[str, ...]) -> str:
    """That there is no box to detect, and why as far as it is known."""
    why = source.hint or "; ".join(source.skipped)
    return (f"none of its {len(source.samples)} images has a box of {listed(classes[1:])}"
            + (f" ({why})" if why else ""))


def add_problem(source: Source, sample: Sample, problem: FileProblem) -> None:
    """Notes what is wrong with one image; where sizes differ, also that its EXIF data turn it."""
    turned = problem.kind == SIZE_MISMATCH and is_turned(sample.image)
    detail = f"{problem.detail}, turned by its EXIF orientation" if turned else problem.detail
    source.problems.add(problem.kind, sample.name, detail)


def outside(rows: np.ndarray, size: tuple[int, int]) -> int:
    """How many boxes, (n, 5) class index and corners in pixels, have nothing in a picture of ``size``."""
    return int((~_within(rows[:, 1:], *size)[1]).sum())


def resample_boxes(rows: np.ndarray, size: tuple[int, int], width: int, height: int) -> np.ndarray:
    """(n, 5) float32 rows of class index and corners in pixels of the resampled image, from rows in pixels of the
    image of ``size``; cut to the picture, and left out where nothing of them is in it."""
    left, top, right, bottom = crop_box(size, width, height)
    scale = np.array([width / (right - left), height / (bottom - top)] * 2)
    corners, kept = _within((rows[:, 1:] - [left, top, left, top]) * scale, width, height)
    return np.column_stack((rows[kept, 0], corners[kept])).astype(np.float32)


def _within(corners: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """(corners (n, 4) cut to a picture, (n,) bool whether anything of a box is left)."""
    corners = np.clip(corners, 0, [width, height, width, height])
    return corners, (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])


def is_cropped(size: tuple[int, int], width: int, height: int) -> bool:
    """Whether a picture of ``size`` loses something on its way to ``width`` x ``height``."""
    return crop_box(size, width, height) != (0, 0, *size)


def crop_note(sizes: list[tuple[int, int]], width: int, height: int) -> list[str]:
    """The sentence about pictures of ``sizes`` that are cut, in a list; an empty list where none is."""
    if not sizes:
        return []
    w, h = sizes[0]
    left, top, right, bottom = crop_box((w, h), width, height)
    return [f"{len(sizes)} images have another aspect than the {width} x {height} renders and are cut to it around "
            f"their centre (the first from {w} x {h} to {right - left:.0f} x {bottom - top:.0f}); renders of "
            f"{' x '.join(map(str, size_like((w, h), width, height)))} have its shape."]


def _nowhere_note(nowhere: list[tuple[str, int]]) -> list[str]:
    """The sentence about boxes that no picture shows, by image and how many, in a list; an empty list without any."""
    if not nowhere:
        return []
    return [f"{sum(lost for _, lost in nowhere)} boxes are empty, or outside of their picture, and are left out (the "
            f"first in {nowhere[0][0]})."]


def _box_counts(boxes: list[np.ndarray], classes: tuple[str, ...]) -> np.ndarray:
    """(C,) boxes of each class, and 1 for the background, which has none."""
    counts = np.bincount(np.concatenate(boxes)[:, 0].astype(int), minlength=len(classes))
    counts[0] = 1
    return counts


def _absent_note(classes: tuple[str, ...], counts: np.ndarray) -> list[str]:
    absent = [name for name, count in zip(classes, counts, strict=True) if count == 0]
    return [f"No image shows {', '.join(absent)}."] if absent else []
