"""A third real data set: a detector of dice on photographs with YOLO boxes, from wide ranges that nobody fitted to them
(``build dice``: twelve rounded cubes with pips on a table).

Of 250 photographs by name every tenth drives psi and chooses a judge's l2; all others are asked, in two halves by name.
What is on top of a die is not asked: all boxes are of one class. About a second a render; five minutes an arm and seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from autosimulate_addon.protocol import InputError

from . import boxes
from .boxes_photographs import copied, name_labels
from .boxes_report import DICE
from .by_arm import fill
from .table import Table

CLASSES = ("background", "die")
#: One photograph of so many drives.
EVERY = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    boxes.add_arguments(parser, "dice", "as")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder with images/ and labels/, such as those of github.com/nell-byler/dice_detection")


def run(options: argparse.Namespace) -> None:
    def compare(options: argparse.Namespace) -> boxes.Comparison:
        folders = divided(options.data, options.work / "photographs")
        return boxes.Comparison(options, "dice", options.data, CLASSES, folders, 1.0)

    fill(Table(options.results / "dice.csv", boxes.COLUMNS, 2), options, compare, DICE.summary)


def divided(data: Path, into: Path) -> tuple[Path, Path, Path]:
    """Copies of every tenth photograph, and of the first and the second half of the others; all boxes are of a die.

    Raises InputError where ``data`` has no photographs.
    """
    pictures = sorted((data / "images").glob("*"))
    if not pictures or not (data / "labels").is_dir():
        raise InputError(f"--data '{data}' has no photographs in images/ with labels in labels/.")
    others = [picture for number, picture in enumerate(pictures) if number % EVERY]
    middle = len(others) // 2
    folders = (copied(pictures[::EVERY], into / "driving", "0"), copied(others[:middle], into / "first-half", "0"),
               copied(others[middle:], into / "second-half", "0"))
    name_labels(into, CLASSES[1:])
    return folders
