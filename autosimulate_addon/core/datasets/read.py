"""Reading a whole folder, and looking into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ...protocol import InputError
from .class_ids import ClassIds
from .dataset import Dataset
from .detect import find_source
from .pictures import (
    crop_box,
    have_pillow,
    photograph_size,
    read_photograph,
    resample_labels,
    resample_photograph,
)
from .problems import FileProblem
from .source import Sample, Source


def read_dataset(folder: str | PathLike[str], classes: tuple[str, ...], ids: Mapping[str, int | None] | None,
                 width: int, height: int) -> Dataset:
    """All images of ``folder`` with their labels, sorted by name, at ``width`` x ``height``.

    ``classes`` are the scene's (0 is the background); ``ids`` maps class names to the ids used in the folder, None or
    left out where the folder's own table or the class index says it (:class:`.class_ids.ClassIds`).
    Pictures of another aspect are cut to the render's around their centre; the data set's notes say so.

    Raises InputError, one sentence that counts and names everything that is wrong.
    """
    folder = Path(folder)
    source = find_source(folder)
    table = ClassIds(source, classes, ids)
    samples = source.samples
    images = np.empty((len(samples), height, width, 3), np.uint8)
    labels = np.empty((len(samples), height, width), np.uint8)
    cropped = []
    for position, sample in enumerate(samples):
        try:
            picture = read_photograph(sample.image)
            found = table.labels(sample.ids(picture.size))
        except FileProblem as problem:
            source.problems.add(problem.kind, sample.name, problem.detail)
            continue
        if _is_cropped(picture.size, width, height):
            cropped.append(picture.size)
        images[position] = resample_photograph(picture, width, height)
        labels[position] = resample_labels(found, width, height)
    if source.problems:
        raise InputError(f"The validation data in '{folder}' cannot be used: {'; '.join(source.problems)}.")
    if not samples:
        raise InputError(f"The validation folder '{folder}' ({source.description}) has no labelled images.")
    dataset = Dataset(images, labels, tuple(classes), tuple(sample.name for sample in samples))
    notes = source.notes + table.notes + _crop_note(cropped, width, height) + _absent_note(classes, dataset)
    return Dataset(images, labels, dataset.classes, dataset.names, tuple(notes))


@dataclass(frozen=True)
class Summary:
    """What is in a folder, for people to check before they start."""

    folder: Path
    format: str                       # one of detect.FORMATS, or "" where none fits
    description: str
    n_images: int
    examined: int = 0                 # how many of them were looked into; 0 where nothing here can read pictures
    pixels: Mapping[str, int] | None = None     # by class name, of the examined images at their own size
    images: Mapping[str, int] | None = None     # by class name: how many of the examined images show it
    ignored: int = 0                  # pixels that are not counted
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()    # why a run could not start; one phrase each
    example: tuple[Path, Path | None] | None = None      # an image, and its mask where that is one picture

    @property
    def ok(self) -> bool:
        return not self.problems


def inspect(folder: str | PathLike[str], classes: tuple[str, ...] | None = None,
            ids: Mapping[str, int | None] | None = None, width: int | None = None, height: int | None = None, *,
            limit: int | None = None) -> Summary:
    """Looks at ``folder`` as :func:`read_dataset` would, without keeping pixels; needs no torch and never raises
    InputError: what is wrong stands in ``problems``.

    Without ``classes`` the counts go by the folder's own names, or its ids. ``limit``: how many images to look into
    (spread over the folder), all by default. Where Pillow is missing, files are counted and nothing is looked into.
    """
    folder = Path(folder)
    try:
        source = find_source(folder)
        table = ClassIds(source, classes, ids) if classes else None
    except InputError as error:
        return Summary(folder, "", "", 0, problems=(str(error),))
    notes = source.notes + (table.notes if table else [])
    example = (source.samples[0].image, source.samples[0].mask) if source.samples else None
    examined, pixels, images, ignored = 0, None, None, 0
    if have_pillow():
        chosen = _spread(source.samples, limit)
        examined = len(chosen)
        try:
            counts, shown, sizes = _count(source, chosen, table)
        except InputError as error:             # pycocotools is missing
            return Summary(folder, source.format, source.description, len(source.samples), problems=(str(error),))
        ignored = counts.pop(None, 0)
        names = {index: name for index, name in enumerate(classes)} if classes else source.table
        keys = range(len(classes)) if classes else sorted(set(source.table) | set(counts))
        pixels = {names.get(key, str(key)): counts.get(key, 0) for key in keys}
        images = {names.get(key, str(key)): shown.get(key, 0) for key in keys}
        if width and height:
            notes += _crop_note([size for size in sizes if _is_cropped(size, width, height)], width, height)
    else:
        notes.append("Pillow is not installed here, so the pictures were counted but not looked into.")
    problems = list(source.problems)
    if not source.samples and not problems:
        problems.append("it has no labelled images")
    return Summary(folder, source.format, source.description, len(source.samples), examined, pixels, images, ignored,
                   tuple(notes), tuple(problems), example)


def _count(source: Source, samples: list[Sample], table: ClassIds | None
           ) -> tuple[dict[int | None, int], dict[int, int], list[tuple[int, int]]]:
    """Pixels by class index (by id without a table; None: not counted), images by the same, and the images' sizes."""
    counts: dict[int | None, int] = {}
    shown: dict[int, int] = {}
    sizes = []
    for sample in samples:
        try:
            size = photograph_size(sample.image)
            found = sample.ids(size)
            not_counted = source.ignore
            if table is not None:
                found, not_counted = table.labels(found), 255
        except FileProblem as problem:
            source.problems.add(problem.kind, sample.name, problem.detail)
            continue
        sizes.append(size)
        for value, pixels in zip(*np.unique(found, return_counts=True), strict=True):
            key = None if value == not_counted else int(value)
            counts[key] = counts.get(key, 0) + int(pixels)
            if key is not None:
                shown[key] = shown.get(key, 0) + 1
    return counts, shown, sizes


def _spread(samples: list[Sample], limit: int | None) -> list[Sample]:
    if limit is None or len(samples) <= limit:
        return samples
    return [samples[position] for position in np.linspace(0, len(samples) - 1, max(limit, 1)).astype(int)]


def _is_cropped(size: tuple[int, int], width: int, height: int) -> bool:
    return crop_box(size, width, height) != (0, 0, *size)


def _crop_note(sizes: list[tuple[int, int]], width: int, height: int) -> list[str]:
    if not sizes:
        return []
    w, h = sizes[0]
    left, top, right, bottom = crop_box((w, h), width, height)
    return [f"{len(sizes)} images have another aspect than the {width} x {height} renders and are cut to it around "
            f"their centre (the first from {w} x {h} to {right - left:.0f} x {bottom - top:.0f})."]


def _absent_note(classes: tuple[str, ...], dataset: Dataset) -> list[str]:
    absent = [name for name, count in zip(classes, dataset.pixel_counts(), strict=True) if count == 0]
    return [f"No image shows {', '.join(absent)}."] if absent else []
