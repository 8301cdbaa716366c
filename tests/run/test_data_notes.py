"""What reading a data set changed or left out reaches the person who started the job."""

import json

import numpy as np
from PIL import Image

from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.scene.marked_scene import labelled_images


def test_notes_are_printed(tmp_path, capfd):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.tile(np.array([0, 1, 2, 2], np.uint8), (8, 2))).save(tmp_path / name / "a.png")
    (tmp_path / "classes.json").write_text(json.dumps({"cube": 1, "tree": 2}))
    data = labelled_images(str(tmp_path), ClassTable(("background", "cube"), {}), RunConfig(width=8, height=8))
    assert data.notes == ("tree is taken as background, because the scene has no such class.",)
    assert f"{tmp_path.name}: {data.notes[0]}" in capfd.readouterr().err.splitlines()
