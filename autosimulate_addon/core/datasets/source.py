"""What every reader gives: a list of labelled pictures with the ids of their own format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .problems import Problems


@dataclass(frozen=True)
class Sample:
    """One image and how to get its labels. ``ids((width, height))`` gives (H, W) integers in the format's own ids;
    ``boxes((width, height))`` gives (n, 5) float64, each row an id and the corners x0, y0, x1, y1 in the image's
    pixels. Both get the image's size as displayed and raise FileProblem where the labels cannot be used."""

    name: str
    image: Path
    ids: Callable[[tuple[int, int]], np.ndarray]
    mask: Path | None = None        # the file with the labels, where it is one picture
    boxes: Callable[[tuple[int, int]], np.ndarray] | None = None


@dataclass
class Source:
    """A folder, read as far as finding its files.

    ``table`` maps the format's ids to names, where the folder has such a table. ``aliases`` are the ways to write the
    ids that people use, in the order in which they are tried, where these are not the table's.
    """

    format: str
    description: str
    samples: list[Sample]
    table: Mapping[int, str] = field(default_factory=dict)
    parents: Mapping[int, str] = field(default_factory=dict)    # id -> name of the group that it belongs to
    aliases: tuple[Mapping[int, int], ...] = ()     # alias -> id
    complete: bool = True                           # False where the table knows only classes that the images show
    ignore: int | None = 255                        # the id of pixels that are not counted
    has_masks: bool = True                          # False where objects have boxes only
    hint: str = ""                                  # why no pixel has a label, where that is known
    notes: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    skipped: Problems = field(default_factory=Problems)     # left out without harm to the rest, found while reading

    @property
    def has_boxes(self) -> bool:
        """Whether every image says which boxes it has (none, perhaps)."""
        return bool(self.samples) and all(sample.boxes is not None for sample in self.samples)

    def all_notes(self) -> list[str]:
        """The notes, with what was left out of the masks so far."""
        return self.notes + ([f"{phrase}." for phrase in self.skipped] if self.has_masks else [])
