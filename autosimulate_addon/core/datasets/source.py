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
    it gets the image's size and raises FileProblem where the labels cannot be used."""

    name: str
    image: Path
    ids: Callable[[tuple[int, int]], np.ndarray]
    mask: Path | None = None        # the file with the labels, where it is one picture


@dataclass
class Source:
    """A folder, read as far as finding its files.

    ``table`` maps the format's ids to names, where the folder has such a table.
    """

    format: str
    description: str
    samples: list[Sample]
    table: Mapping[int, str] = field(default_factory=dict)
    aliases: tuple[Mapping[int, int], ...] = ()     # other ways to write the ids: alias -> id
    ignore: int | None = 255                        # the id of pixels that are not counted
    notes: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
