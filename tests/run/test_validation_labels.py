"""Classes that are several labels of real photographs, from the marks file to what is counted."""

from __future__ import annotations

import json

import pytest

from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.run import cli
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.images.folder_summary import folder_summary
from autosimulate_addon.run.record.directory import DATASET_FILE
from autosimulate_addon.run.scene.marked_scene import decided, labelled_images
from autosimulate_addon.run.scene.validation_ids import validation_ids
from tests.run import scenes

CLASSES = ("background", "cube", "sphere", "cylinder")
LABELS = {"cube": ("blue cube", "cubes", "3", "red cube"), "sphere": ("spheres",), "cylinder": ("2", "green cylinder")}


@pytest.fixture(scope="module")
def photographs(shared_data):
    folder = shared_data / "cube_sphere_cylinder" / "valid"
    if not folder.is_dir():
        pytest.skip(f"there is no '{folder}'")
    return folder


def test_what_is_said_of_the_classes(tmp_path):
    assert validation_ids(tmp_path, ClassTable(CLASSES)) == {}
    some = ClassTable(CLASSES, ids={"sphere": 7}, labels={"cube": LABELS["cube"]})
    assert validation_ids(tmp_path, some) == {"background": 0, "sphere": 7, "cylinder": 3, "cube": LABELS["cube"]}
    (tmp_path / DATASET_FILE).write_text("{}")
    assert validation_ids(tmp_path, some) == {}


def test_photographs_whose_labels_are_finer_than_the_classes(photographs, capfd):
    """31 images, whose text files have 39, 11 and 20 boxes of the three classes."""
    table = ClassTable(CLASSES, labels=LABELS)
    data = labelled_images(str(photographs), table, RunConfig(task="auto", width=32, height=24))
    labels = [int(row[0]) for rows in data.boxes for row in rows]
    assert [labels.count(index) for index in (1, 2, 3)] == [39, 11, 20]
    assert decided(RunConfig(task="auto"), data)[0].task == "detection"
    assert "background" not in capfd.readouterr().err
    found = folder_summary(str(photographs), CLASSES, json.loads(json.dumps(validation_ids(photographs, table))), 64,
                           "auto")
    assert not found["problems"] and set(found["images"]) == set(CLASSES[1:])
    without = folder_summary(str(photographs), CLASSES, validation_ids(photographs, ClassTable(CLASSES)), 64, "auto")
    assert "such as blue cube, cubes, green cube, red cube" in without["problems"][0]


def test_the_marks_file_says_it_on_the_command_line(photographs, inputs, tmp_path, capfd):
    marks = tmp_path / "marks.toml"

    def describe(labels: str) -> str:
        marks.write_text(f"{scenes.MARKS}\n[class_labels]\nball = ['spheres']\nbox = {labels}\n")
        assert cli.main(["describe", "--json", "--scene", str(inputs / "scene.blend"), "--marks", str(marks),
                         "--validation", str(photographs)]) == 0
        return json.loads(capfd.readouterr().out)["validation"]
    found = describe("['blue cube', 'cubes', 3, 'red cube']")
    assert found["boxes"] == {"ball": 11, "box": 39} and not found["problems"]
    assert found["notes"][-1] == "There are boxes and no masks, so the task is detection."
    assert any("cylinders, green cylinder are taken as background" in note for note in found["notes"])
    problem = describe("'blue cub'")["problems"][0]
    assert "no label 'blue cub' (did you mean 'blue cube'?), which the class 'box'" in problem
