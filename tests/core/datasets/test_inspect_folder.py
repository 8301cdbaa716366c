"""Looking into a folder without reading it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import inspect, read_dataset
from autosimulate_addon.protocol import InputError
from tests.core.datasets.folders import CLASSES, read, write


def test_inspect_counts_as_read_dataset_would(tmp_path):
    write(tmp_path)
    found = inspect(tmp_path, CLASSES, None, 15, 15)
    data = read(tmp_path)
    assert found.ok and (found.format, found.n_images, found.examined) == ("index masks", 3, 3)
    assert found.pixels == dict(zip(CLASSES, data.pixel_counts(), strict=True))
    assert found.images == {"background": 3, "cube": 3, "sphere": 3}
    assert any("another aspect" in note for note in found.notes)
    assert found.example == (tmp_path / "images" / "a.png", tmp_path / "masks" / "a.png")
    assert inspect(tmp_path, CLASSES, limit=2).examined == 2


def test_inspect_without_classes_tells_the_folders_own_ids(tmp_path):
    write(tmp_path, ids=(0, 7, 9))
    assert set(inspect(tmp_path).pixels) == {"0", "7", "9"}
    (tmp_path / "classes.json").write_text('{"cube": 7}')
    assert set(inspect(tmp_path).pixels) == {"0", "cube", "9"}


def test_labels_of_one_name_are_counted_together_and_the_background_has_no_boxes(tmp_path):
    """As in a public data set of toys, whose seven labels are called cube four times and cylinder twice."""
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    (tmp_path / "data.yaml").write_text("names: [cube, cube, sphere, cube]\n")
    for name, labels in (("a", (0, 1)), ("b", (3, 2)), ("c", (2,))):
        Image.new("RGB", (16, 16)).save(tmp_path / "images" / f"{name}.png")
        (tmp_path / "labels" / f"{name}.txt").write_text("".join(f"{label} .5 .5 .2 .2\n" for label in labels))
    found = inspect(tmp_path, need_masks=False)
    assert found.images == {"cube": 2, "sphere": 2} and found.pixels == {"cube": 3, "sphere": 2}
    found = inspect(tmp_path, ("background", "cube", "sphere"), need_masks=False)
    assert found.images == {"cube": 2, "sphere": 2}
    assert "The validation data list 'cube' 3 times: what has one name is one class." in found.notes


def test_inspect_without_pillow_counts_files_and_says_so(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    found = inspect(tmp_path, CLASSES)
    assert found.n_images == 3 and found.pixels is None and found.examined == 0
    assert any("Pillow" in note for note in found.notes)
    with pytest.raises(InputError, match="Pillow"):
        read(tmp_path)


def test_linemod_occluded(shared_data):
    """Real photographs: the areas of all objects, halved in each direction, against the masks' own pixel counts."""
    names = ("background", "ape", "can", "cat", "driller", "duck", "eggbox", "glue", "holepuncher")
    numbers = (1, 5, 6, 8, 9, 10, 11, 12)
    ids = dict(zip(names[1:], numbers, strict=True))
    data = read_dataset(shared_data / "lmo" / "val", names, ids, 320, 240)
    assert len(data) == 70 and data.notes == ()
    masks = sorted((shared_data / "lmo" / "val" / "masks").iterdir())
    full = sum(np.bincount(np.asarray(Image.open(path)).ravel(), minlength=256) for path in masks)
    assert np.allclose(data.pixel_counts()[1:] * 4, full[[16 * number for number in numbers]], rtol=0.02)
    found = inspect(shared_data / "lmo" / "val", names, {name: 16 * number for name, number in ids.items()}, limit=5)
    assert found.ok and found.format == "BOP" and found.examined == 5
