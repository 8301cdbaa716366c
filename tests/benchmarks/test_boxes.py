"""The comparisons on photographs with boxes: how they are divided, and what a table says."""

import importlib

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import read_dataset
from autosimulate_addon.protocol import InputError


@pytest.fixture
def solids(benchmark):
    return importlib.import_module("benchmarks.solids")


def _photograph(folder, name, label):
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(folder / "images" / f"{name}.jpg")
    (folder / "labels" / f"{name}.txt").write_text(f"{label} 0.5 0.5 0.4 0.4\n")


def test_photographs_that_drive_are_not_those_that_are_asked(solids, tmp_path):
    for number in range(5):
        _photograph(tmp_path / "valid", f"v{number}", number)
    _photograph(tmp_path / "train", "t0", 6)
    read = [read_dataset(folder, solids.CLASSES, None, 32, 24, need_masks=False, need_boxes=True)
            for folder in solids.divided(tmp_path, tmp_path / "divided")]
    assert [data.names for data in read] == [("v0.jpg", "v1.jpg"), ("v2.jpg", "v3.jpg", "v4.jpg"), ("t0.jpg",)]
    found = [solids.CLASSES[int(rows[0, 0])] for data in read for rows in data.boxes]
    assert found == ["cube", "cube", "cylinder", "cube", "cylinder", "sphere"]


def test_missing_photographs_are_named(solids, tmp_path):
    _photograph(tmp_path / "valid", "v0", 0)
    with pytest.raises(InputError, match="no photographs in train/images"):
        solids.divided(tmp_path, tmp_path / "divided")


def test_the_table_pairs_seeds(benchmark):
    report = importlib.import_module("benchmarks.boxes_report").SOLIDS
    rows = [{"arm": arm, "seed": seed, "renders": "0", "half_map50": str(half), "map50": str(train), "loss": "7",
             "distance": "1"} for arm, seed, half, train in (
                 ("none", "1", 0.10, 0.20), ("none", "2", 0.20, 0.30), ("match-looks", "2", 0.25, 0.28))]
    match = [cell.strip() for cell in report.summary(rows)[-1].split("|")[1:-1]]
    assert match[3:10] == ["1", ".250", "+.050 (+.050 to +.050)", "1 of 1", ".280", "-.020 (-.020 to -.020)", "0 of 1"]


def test_every_tenth_photograph_of_dice_drives_and_all_are_of_one_class(benchmark, tmp_path):
    dice = importlib.import_module("benchmarks.dice")
    for number in range(21):
        _photograph(tmp_path, f"d{number:02d}", number % 6)
    read = [read_dataset(folder, dice.CLASSES, None, 32, 32, need_masks=False, need_boxes=True)
            for folder in dice.divided(tmp_path, tmp_path / "divided")]
    assert [len(data.names) for data in read] == [3, 9, 9]
    assert read[0].names == ("d00.jpg", "d10.jpg", "d20.jpg")
    assert all(rows[0, 0] == 1 for data in read for rows in data.boxes)
    with pytest.raises(InputError, match="no photographs in images/"):
        dice.divided(tmp_path / "none", tmp_path / "divided")
