"""Masks in colour with a labelmap.txt beside them, as CVAT and Datumaro write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import inspect
from tests.core.datasets.folders import CLASSES, HEIGHT, WIDTH, fails, photograph, read, scene_labels

COLOURS = np.array([(0, 0, 0), (250, 50, 83), (51, 221, 255)], np.uint8)
MAP = "# label:color_rgb:parts:actions\nsphere:51,221,255::\nbackground:0,0,0::\ncube:250,50,83::\n"


def cvat(folder: Path, text: str = MAP, palette: bool = False, colours: np.ndarray = COLOURS) -> None:
    for name in ("JPEGImages", "SegmentationClass"):
        (folder / name).mkdir(parents=True)
    for shift, stem in enumerate("ab"):
        labels = scene_labels(shift)
        Image.fromarray(photograph(labels)).save(folder / "JPEGImages" / f"{stem}.jpg")
        mask = Image.fromarray(colours[labels])
        (mask.quantize(8) if palette else mask).save(folder / "SegmentationClass" / f"{stem}.png")
    (folder / "labelmap.txt").write_text(text, encoding="utf-8-sig")


@pytest.mark.parametrize("palette", [False, True])
@pytest.mark.parametrize("text", [MAP, MAP.replace("background:0,0,0::\n", ""), MAP.replace("::", "")])
def test_a_colour_is_the_class_that_the_map_says(tmp_path, text, palette):
    cvat(tmp_path, text, palette)
    data = read(tmp_path)
    assert all((labels == scene_labels(shift)).all() for shift, labels in enumerate(data.labels))
    found = inspect(tmp_path, CLASSES)
    assert found.ok and "labelmap.txt" in found.description and found.pixels["cube"] > 0


@pytest.mark.parametrize(("text", "words"), [
    (MAP.replace("cube:250,50,83", "cube:1,2,3"), ("labelmap.txt does not name", "250,50,83")),
    (MAP + "cone:250,50,83::\n", ("'cone' twice",)), (MAP + "Cube:1,2,3::\n", ("'Cube' twice",)),
    (MAP + "cone:red::\n", ("'cone:red::'", "name:red,green,blue")), (MAP + "cone:1,2,256\n", ("from 0 to 255",))])
def test_maps_that_cannot_be(tmp_path, text, words):
    cvat(tmp_path, text)
    fails(tmp_path, *words)


def test_without_a_map_colours_are_no_indices(tmp_path):
    cvat(tmp_path)
    (tmp_path / "labelmap.txt").unlink()
    fails(tmp_path, "not class-index images")


def test_check_folder_decodes_what_it_looks_at(tmp_path):
    cvat(tmp_path)
    path = tmp_path / "JPEGImages" / "b.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-400])
    assert any("cannot be read" in problem and "b.jpg" in problem for problem in inspect(tmp_path, CLASSES).problems)
    fails(tmp_path, "1 file cannot be read (b.jpg)")
