"""Detection from the command line: chosen by the data, learned, compared, shown; and what it cannot be learned from."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from autosimulate_addon.core.datasets import inspect
from autosimulate_addon.protocol.events import Problem, Start
from autosimulate_addon.run import cli
from autosimulate_addon.run.images import boxes
from autosimulate_addon.run.images.folder_summary import folder_summary
from autosimulate_addon.run.record.events import read_events
from tests.run import scenes


def yolo(folder):
    """The images of ``scenes.build_validation`` with boxes in place of masks."""
    scenes.build_validation(folder, size=(32, 24))
    for mask in sorted((folder / "masks").iterdir()):
        rows = []
        for label in (1, 2):
            y, x = (np.asarray(Image.open(mask)) == label).nonzero()
            rows.append((label - 1, (x.min() + x.max() + 1) / 64, (y.min() + y.max() + 1) / 48,
                         (np.ptp(x) + 1) / 32, (np.ptp(y) + 1) / 24))
        (folder / "labels").mkdir(exist_ok=True)
        (folder / "labels" / f"{mask.stem}.txt").write_text("\n".join(" ".join(map(str, row)) for row in rows))
        mask.unlink()
    (folder / "masks").rmdir()
    (folder / "data.yaml").write_text("names: [ball, box]\n")
    return folder


def argv(inputs, *extra):
    return [str(part) for part in ("--scene", inputs / "scene.blend", "--marks", inputs / "marks.toml", "--width", 32,
                                   "--height", 24, "--count", 4, "--judges", 1, "--device", "cpu", *extra)]


@pytest.fixture(scope="module")
def run(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("detection")
    data = yolo(folder / "data")
    assert cli.main(["optimize", *argv(inputs, "--validation", data, "--output", folder / "run", "--iterations", 2,
                                       "--no-match")]) == 0
    return folder


def test_boxes_alone_make_the_task_detection_everywhere(run, capfd):
    events = list(read_events(run / "run" / "events.jsonl"))
    assert next(event for event in events if isinstance(event, Start)).metric_name == "mAP@.5"
    assert any("the task is detection" in event.message for event in events if isinstance(event, Problem))
    assert json.loads((run / "run" / "config.json").read_text())["task"] == "detection"
    rows = json.loads((run / "run" / "numbers.json").read_text())["rows"]
    assert set(rows["learned"]["per_class"]) == {"ball", "box"} and "COCO mAP" in rows["learned"]["also"]
    report = (run / "run" / "report.html").read_text()
    assert "mAP@.5" in report and "COCO mAP" in report and "Samples with their boxes" in report
    assert "mIoU" not in report and "decided" not in report
    sheet = Image.open(run / "run" / "sheets" / "predictions.png")
    assert sheet.width >= 3 * boxes.LEAST_WIDTH
    assert cli.main(["evaluate", "--psi", str(run / "run"), "--count", "4", "--judges", "1", "--device", "cpu",
                     "--test", str(run / "data"), "--json"]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out.splitlines()[-1])["metric_name"] == "mAP@.5" and "IoU" not in said.err


def test_its_network_finds_in_photographs_what_the_lines_of_the_docs_find(run, repo_root):
    """The boxes of ``predict`` against those of onnxruntime and numpy alone, in an image of the network's size."""
    assert cli.main(["predict", "--network", str(run / "run"), "--images", str(run / "data/images"),
                     "--output", str(run / "predicted")]) == 0
    truth = COCO(run / "predicted/coco_images.json")
    assert [each["name"] for each in truth.dataset["categories"]] == ["ball", "box"]
    found = truth.loadRes(str(run / "predicted/coco_results.json"))
    first = truth.dataset["images"][0]
    ours = [[each["category_id"], each["score"], *each["bbox"]] for each in found.loadAnns(
        found.getAnnIds(imgIds=[first["id"]]))]
    assert Image.open(run / "predicted/overlays" / f"{Path(first['file_name']).stem}.jpg").size == (32, 24)
    code = next(block for block in re.findall(r"```python\n(.*?)```", (repo_root / "docs/network.md").read_text(), re.S)
                if "heat" in block)
    for old, new in (("128", "32"), ("96", "24"), ("> 0.3", "> 0.01"), ("room-run", str(run / "run")),
                     ("photo.jpg", str(run / "data/images" / first["file_name"]))):
        assert old in code
        code = code.replace(old, new)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    lines = np.array([[float(part) for part in line.split()] for line in said.splitlines()])
    ours = np.array(ours)
    assert len(lines) == len(ours) > 1
    lines, ours = (each[np.argsort(-each[:, 1])] for each in (lines, ours))
    assert np.allclose(lines[:, :2], ours[:, :2], atol=1e-4)
    inside = (lines[:, 2:4] > 0).all(1) & (lines[:, 2] + lines[:, 4] < 32) & (lines[:, 3] + lines[:, 5] < 24)
    assert np.allclose(lines[inside], ours[inside], atol=0.01)        # the others are cut at the image's edges


def test_class_masks_alone_are_refused(inputs, tmp_path, capsys):
    options = argv(inputs, "--validation", inputs / "validation", "--output", tmp_path / "run", "--task", "detection")
    assert cli.main(["optimize", *options]) == 2
    said = capsys.readouterr().err
    assert "where one object ends" in said and "segmentation" in said and not (tmp_path / "run").exists()


def test_the_window_is_told_what_a_folder_is_good_for(run):
    folder, names = run / "data", ("background", "ball", "box")
    found = folder_summary(str(folder), names, None, 9, "auto")
    assert not found["problems"] and "the task is detection" in found["notes"][-1]
    assert found["images"] == {"ball": 3, "box": 3}
    assert "detection" in folder_summary(str(folder), names, None, 9, "segmentation")["problems"][0]
    assert inspect(folder, names, need_masks=False).pixels["ball"] == 3


def test_boxes_are_drawn_where_they_are():
    image = np.zeros((24, 32, 3), np.uint8)
    picture = boxes.boxed(image, np.array([[1, 0.25, 0.5, 0.75, 1.0, 0.9]]), (255, 255, 255))
    assert picture.shape == (144, 192, 3)
    lit = picture.any(2)
    assert lit[72:, 48].all() and lit[72, 48:144].all() and lit[143, 48:144].all() and not lit[:72].any()
