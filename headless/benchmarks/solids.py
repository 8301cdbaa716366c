"""A second real data set: a detector of cubes, spheres and cylinders on photographs of toys with YOLO boxes, from wide
ranges that nobody fitted to them (``build solids``: CLEVR's shapes on a table).

The first half of valid/, by name, drives psi and chooses a judge's l2; its second half is what is asked of it, and
train/'s photographs, which nobody trains on, are a second, larger test. About a second a render; five minutes an arm
and seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from autosimulate_addon.protocol import InputError

from . import boxes
from .boxes_photographs import copied, name_labels
from .boxes_report import SOLIDS
from .by_arm import fill
from .table import Table

#: What the seven labels of the photographs are, by their number.
LABELS = ("cube", "cube", "cylinder", "cube", "cylinder", "cube", "sphere")
CLASSES = ("background", "cube", "sphere", "cylinder")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    boxes.add_arguments(parser, "solids", "four fifths")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder with train/ and valid/, each with images/ and labels/ (seven labels)")
    parser.add_argument("--assets", type=Path, required=True, metavar="DIR",
                        help="CLEVR's image_generation/data, whose shapes are rendered")


def run(options: argparse.Namespace) -> None:
    def compare(options: argparse.Namespace) -> boxes.Comparison:
        folders = divided(options.data, options.work / "photographs")
        return boxes.Comparison(options, "solids", options.assets, CLASSES, folders, 4 / 5)

    fill(Table(options.results / "solids.csv", boxes.COLUMNS, 2), options, compare, SOLIDS.summary)


def divided(data: Path, into: Path) -> tuple[Path, Path, Path]:
    """Copies of the first half of valid/, its second half and train/, whose labels are named by what they are.

    Raises InputError where ``data`` has no such folders.
    """
    pictures = {split: sorted((data / split / "images").glob("*")) for split in ("valid", "train")}
    for split, found in pictures.items():
        if not found or not (data / split / "labels").is_dir():
            raise InputError(f"--data '{data}' has no photographs in {split}/images with labels in {split}/labels.")
    middle = len(pictures["valid"]) // 2
    folders = (copied(pictures["valid"][:middle], into / "first-half"),
               copied(pictures["valid"][middle:], into / "second-half"), copied(pictures["train"], into / "train"))
    name_labels(into, LABELS)
    return folders
