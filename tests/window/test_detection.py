"""Detection in the window: a folder with boxes chooses the task, the panels show boxes and mAP."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.window.story import JOB, SETTINGS, install, no_errors, use_packages, validation_is_read


def yolo(masks: Path, folder: Path) -> Path:
    """A data set of ours with boxes alone: one around the pixels of each class."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    names = json.loads((masks / "classes.json").read_text())
    for path in sorted((masks / "masks").iterdir()):
        labels = np.asarray(Image.open(path))
        (folder / "images" / path.name).write_bytes((masks / "images" / path.name).read_bytes())
        rows = []
        for label in set(np.unique(labels)) - {0, 255}:
            y, x = (labels == label).nonzero()
            size = np.array([labels.shape[1], labels.shape[0]])
            low, high = np.array([x.min(), y.min()]) / size, np.array([x.max() + 1, y.max() + 1]) / size
            rows.append(" ".join(map(str, (label - 1, *(low + high) / 2, *(high - low)))))
        (folder / "labels" / f"{path.stem}.txt").write_text("\n".join(rows))
    (folder / "data.yaml").write_text(f"names: {[name for name in names if name != 'background']}\n")
    return folder


def test_a_folder_with_boxes_is_learned_by_a_click(window, extension, work, job_packages, tmp_path):
    folder = job_packages("blender")
    story = window("blender", "detection", "marked.blend")
    gui = story.gui
    install(story, extension)
    use_packages(gui, folder)
    gui.py(f"{SETTINGS}.validation = {str(yolo(work / 'val', tmp_path / 'boxes'))!r}; bpy.ops.wm.save_mainfile()")
    gui.scroll(12)
    gui.click_button("autosimulate.check_validation")
    found = validation_is_read(gui)
    gui.scroll(4)
    gui.scroll(5)
    story.shot("folder")
    assert "the task is detection" in gui.value(f"{found}.notes[-1]")
    gui.click_button("autosimulate.optimize")
    gui.wait(f"{JOB} is not None and {JOB}.state.ended", timeout=400)
    gui.scroll(40)
    story.shot("learned")
    no_errors(gui)
    run = Path(gui.value(f"{JOB}.directory"))
    assert json.loads((run / "config.json").read_text())["task"] == "detection"
    assert json.loads((run / "numbers.json").read_text())["metric_name"] == "mAP@.5"
