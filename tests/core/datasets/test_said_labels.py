"""A class that is several labels of the folder, by name or id, because the user says so."""

from __future__ import annotations

import numpy as np
import pytest

from autosimulate_addon.core.datasets import inspect
from tests.core.datasets.folders import fails, read, scene_labels, write
from tests.core.datasets.test_coco import coco
from tests.core.datasets.test_outlines_and_boxes import voc

NAMES = '{"blue cube": 7, "Red-Cube": 9}'
ONE = ("background", "cube")


def named(folder, names: str = NAMES) -> None:
    write(folder, ids=(0, 7, 9))
    (folder / "classes.json").write_text(names)


@pytest.mark.parametrize("labels", [("Blue  cube", "red_cube"), ("7", "red cube"), ["9", "7", "blue cube"]])
def test_names_and_ids(tmp_path, labels):
    named(tmp_path)
    data = read(tmp_path, {"cube": labels}, ONE)
    assert np.array_equal(data.labels[0] > 0, scene_labels(1) > 0) and data.notes == ()
    assert inspect(tmp_path, ONE, {"cube": labels}).images == {"background": 3, "cube": 3}


def test_ids_where_nothing_is_named_leave_the_other_classes_their_index(tmp_path):
    write(tmp_path, ids=(0, 7, 2))
    assert np.array_equal(read(tmp_path, {"cube": ("7", "1")}).labels[0], scene_labels(1))
    fails(tmp_path, "'cube' and 'sphere' have the same validation id 2", ids={"cube": ("7", "2")})
    fails(tmp_path, "do not name their classes", "'blue cube'", "give ids", ids={"cube": ("7", "blue cube")})


@pytest.mark.parametrize(("ids", "words"), [
    ({"cube": ("blue cub", "9")}, ("no label 'blue cub' (did you mean 'blue cube'?)", "class 'cube'",
                                   "only blue cube, Red-Cube: correct")),
    ({"cube": ("7", "8")}, ("no label '8'",)), ({"cube": ("7", "9" * 5000)}, ("no label '999",)),
    ({"cube": ("blue cube",), "sphere": ("red cube", "7")}, ("'cube' and 'sphere' have the same label 'blue cube'",)),
    ({"cube": ("blue cube",)}, ("do not have the class 'sphere'", "In Photographs")),
    ({}, ("do not have the classes cube, sphere, only",)),
    ({"sphere": ("blue cube",)}, ("do not have the class 'cube'", "(In Photographs, [class_labels]), such as blue "
                                                                 "cube, Red-Cube."))])
def test_labels_that_cannot_be(tmp_path, ids, words):
    named(tmp_path)
    fails(tmp_path, *words, ids=ids)


def test_categories_are_meant_by_their_own_ids(tmp_path):
    """Also where each of them is the place of another category in COCO's list."""
    coco(tmp_path, categories=[{"id": 2, "name": "Sphere"}, {"id": 3, "name": "cube"}, {"id": 1, "name": "tree"}],
         annotations=[{"image_id": 10, "category_id": 3, "bbox": [4, 5, 10, 10], "segmentation": []},
                      {"image_id": 10, "category_id": 2, "bbox": [20, 12, 16, 13], "segmentation": []}])
    for ids in ({"cube": ("3",), "sphere": ("2", "1")}, {"cube": 3, "sphere": 2}):
        found = inspect(tmp_path, ("background", "cube", "sphere"), ids, need_masks=False, need_boxes=True)
        assert found.example_boxes == ((1, 0.1, 1 / 6, 0.35, 0.5), (2, 0.5, 0.4, 0.9, 25 / 30)), found


def test_a_label_that_no_image_shows_is_told_where_the_folder_has_no_list(tmp_path):
    voc(tmp_path, polygons=True)
    data = read(tmp_path, {"cube": ("cube", "green cube")})
    assert np.array_equal(data.labels[0], scene_labels())
    assert data.notes == ("No image shows green cube, which the class 'cube' is said to be.",)
    fails(tmp_path, "no label 'green cube'", ids={"cube": ("green cube",)})
