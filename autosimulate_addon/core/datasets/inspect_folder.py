"""Looking into a folder without keeping its pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ...protocol import InputError
from . import binary_masks
from .class_ids import ClassIds, Said
from .class_table import is_background
from .dataset import IGNORE
from .detect import find_source
from .pictures import have_pillow, read_photograph
from .problems import FileProblem
from .read import add_problem, crop_note, is_cropped, lacking, nothing_boxed, nothing_shown
from .source import Sample, Source


@dataclass(frozen=True)
class Summary:
    """What is in a folder, for people to check before they start."""

    folder: Path
    format: str                       # one of detect.FORMATS, or "" where none fits
    description: str
    n_images: int
    examined: int = 0                 # how many of them were looked into; 0 where nothing here can read pictures
    pixels: Mapping[str, int] | None = None     # by class name, of the examined images at their own size; or boxes
    images: Mapping[str, int] | None = None     # by class name: how many of the examined images show it
    ignored: int = 0                  # pixels that are not counted
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()    # why a run could not start; one phrase each
    example: tuple[Path, Path | None] | None = None      # an image, and its mask where that is one picture
    has_masks: bool = True
    has_boxes: bool = False
    #: Of the example where boxes are counted: class index (id without classes), x0, y0, x1, y1 as shares of its sides.
    example_boxes: tuple[tuple[float, ...], ...] = ()
    size: tuple[int, int] | None = None         # (width, height) that most of the examined images have

    @property
    def ok(self) -> bool:
        return not self.problems


def inspect(folder: str | PathLike[str], classes: tuple[str, ...] | None = None,
            ids: Mapping[str, Said] | None = None, width: int | None = None, height: int | None = None, *,
            limit: int | None = None, need_masks: bool = True, need_boxes: bool = False) -> Summary:
    """Looks at ``folder`` as :func:`read_dataset` would, without keeping pixels; needs no torch and never raises
    InputError: what is wrong stands in ``problems``.

    Without ``classes`` the counts go by the folder's own names, or its ids. ``limit``: how many images to look into
    (spread over the folder), all by default. Where Pillow is missing, files are counted and nothing is looked into.
    ``need_masks``, ``need_boxes``: what the task cannot do without; where there are boxes only, or they are needed,
    they are counted in place of pixels.
    """
    folder = Path(folder)
    pillow = have_pillow()
    source, chosen, table = None, [], None
    try:
        source = find_source(folder, need_boxes)
        boxed = source.has_boxes and (need_boxes or not source.has_masks)
        chosen = _spread(source.samples, limit) if pillow else []
        if classes:
            binary_masks.understand(source, chosen, classes, ids)
            table = ClassIds(source, classes, ids)
        counts, shown, sizes, ignored = _count(source, chosen, table, boxed)
    except InputError as error:     # no data, ids that cannot be, or pycocotools is missing
        found = ("", "", 0) if source is None else (source.format, source.description, len(source.samples))
        return Summary(folder, *found, problems=(str(error),))
    names = dict(enumerate(classes)) if classes else source.table
    keys = range(int(boxed), len(classes)) if classes else _ids(source, counts, boxed)
    notes = source.all_notes() + (table.notes if table else [])
    if not pillow:
        notes.append("Pillow is not installed here, so the pictures were counted but not looked into.")
    if width and height:
        notes += crop_note([size for size in sizes if is_cropped(size, width, height)], width, height)
    if problem := lacking(source, need_masks, need_boxes):
        problems = [f"the data {problem}"]
    else:
        problems = _problems(source, classes if len(sizes) == len(source.samples) else None, counts, ignored, boxed)
    return Summary(folder, source.format, source.description, len(source.samples), len(chosen),
                   {names.get(key, str(key)): counts.get(key, 0) for key in keys} if pillow else None,
                   {names.get(key, str(key)): shown.get(key, 0) for key in keys} if pillow else None,
                   ignored, tuple(notes), tuple(problems),
                   (source.samples[0].image, source.samples[0].mask) if source.samples else None,
                   source.has_masks, source.has_boxes, _example_boxes(source, table) if boxed and pillow else (),
                   Counter(sizes).most_common(1)[0][0] if sizes else None)


def _ids(source: Source, counts: Mapping[int, int], boxed: bool) -> list[int]:
    """Those of the folder, one of each name. The background, which has no boxes, is not asked for any."""
    first = _first_ids(source)
    nothing = {number for number, name in source.table.items() if boxed and is_background(name)}
    return sorted({first.get(number, number) for number in set(source.table) - nothing} | set(counts))


def _first_ids(source: Source) -> dict[int, int]:
    """Id -> the least one of the same name."""
    by_name: dict[str, int] = {}
    for number, name in sorted(source.table.items()):
        by_name.setdefault(name, number)
    return {number: by_name[name] for number, name in source.table.items()}


def _example_boxes(source: Source, table: ClassIds | None) -> tuple[tuple[float, ...], ...]:
    """Of the first image; none where its file cannot be used, which stands among the problems."""
    sample = source.samples[0]
    try:
        width, height = read_photograph(sample.image).size
        rows = sample.boxes((width, height)) if sample.boxes is not None else np.zeros((0, 5))
    except FileProblem:
        return ()
    rows = table.boxes(rows) if table is not None else rows
    return tuple(map(tuple, (rows / [1, width, height, width, height]).tolist()))


def _problems(source: Source, classes: tuple[str, ...] | None, counts: Mapping[int, int],
              ignored: int, boxed: bool) -> list[str]:
    """What is wrong with the folder. ``classes``: None where not every image was looked into."""
    problems = list(source.problems)
    if not source.samples and not problems:
        problems.append("it has no labelled images")
    elif classes and not problems and not any(counts.get(index) for index in range(1, len(classes))):
        problems.append(nothing_boxed(source, classes) if boxed else nothing_shown(source, classes, ignored))
    return problems


def _count(source: Source, samples: list[Sample], table: ClassIds | None, boxed: bool
           ) -> tuple[dict[int, int], dict[int, int], list[tuple[int, int]], int]:
    """Pixels, or boxes, by class index (without a table by the least id of a name), images by the same, the images'
    sizes, and how many pixels are not counted."""
    first = _first_ids(source) if table is None else {}
    counts: Counter[int] = Counter()
    shown: Counter[int] = Counter()
    sizes: list[tuple[int, int]] = []
    ignored = 0
    for sample in samples:
        try:
            size = read_photograph(sample.image).size      # decoded: a file cut short has a whole header
            not_counted = source.ignore
            if boxed and sample.boxes is not None:
                rows = sample.boxes(size)
                found = (table.boxes(rows) if table is not None else rows)[:, 0].astype(int)
            elif table is not None:
                found, not_counted = table.labels(sample.ids(size)), IGNORE
            else:
                found = sample.ids(size)
        except FileProblem as problem:
            add_problem(source, sample, problem)
            continue
        sizes.append(size)
        own: Counter[int] = Counter()
        for value, pixels in zip(*np.unique(found, return_counts=True), strict=True):
            if value == not_counted:
                ignored += int(pixels)
            else:
                own[first.get(int(value), int(value))] += int(pixels)
        counts.update(own)
        shown.update(own.keys())
    return counts, shown, sizes, ignored


def _spread(samples: list[Sample], limit: int | None) -> list[Sample]:
    if limit is None or len(samples) <= limit:
        return samples
    return [samples[position] for position in np.linspace(0, len(samples) - 1, max(limit, 1)).astype(int)]


