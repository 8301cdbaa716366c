"""Outputs that would take the place of something: of photographs, of labels, of a run."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import read_dataset
from autosimulate_addon.core.networks.module_file import load_module_file
from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.events import Start
from autosimulate_addon.protocol.photographs import crop_box, size_like
from autosimulate_addon.run.commands.predict import _check_no_labels
from autosimulate_addon.run.images.pictures import write_image
from autosimulate_addon.run.images.sheets import check_sheet
from autosimulate_addon.run.process.streams import say
from autosimulate_addon.run.record.directory import RunDirectory, check_no_run
from autosimulate_addon.run.record.events import followed
from tests.run.test_bad_input import arguments, refused, work  # noqa: F401 - a fixture


@pytest.mark.parametrize("where", ["in/validation", "in/validation/images"])
def test_a_run_does_not_go_among_photographs(work, capfd, where):  # noqa: F811
    assert "would mix" in refused(work, capfd, arguments(work, output=work / where))


def test_an_empty_output_is_no_default(work, capfd):  # noqa: F811
    assert "--output is empty" in refused(work, capfd, arguments(work, output=""))


def test_a_start_that_dies_leaves_no_folder_that_is_neither_new_nor_a_run(work, capfd, monkeypatch):  # noqa: F811
    def dies(*_arguments, **_named):
        raise InputError("The file cannot be copied.")

    monkeypatch.setattr(shutil, "copyfile", dies)
    assert "cannot be copied" in refused(work, capfd, arguments(work))


@pytest.mark.parametrize("command", [["preview"], ["preview", "--influence"]])
def test_a_photograph_is_not_drawn_over(work, capfd, command):  # noqa: F811
    photograph = next((work / "in/validation/images").iterdir())
    given = arguments(work, output=photograph, validation=None, device=None)
    if command[1:]:
        (work / "in/run").mkdir()
        (work / "in/run/config.json").write_text(json.dumps({"format": "autosimulate-run"}))
        given = ["--psi", work / "in/run", "--output", photograph]
    assert "not drawn by this program" in refused(work, capfd, [*command, *given])
    write_image(work / "sheet.png", np.zeros((4, 4, 3), np.uint8), own=True)
    check_sheet(work / "sheet.png")


def test_a_runs_files_are_not_written_over(tmp_path):
    run = RunDirectory(tmp_path)
    run.create()
    run.config.write_text("{}")
    with pytest.raises(InputError, match="holds a run"):
        check_no_run(tmp_path, "--output")
    with pytest.raises(InputError, match="--events"), followed(str(tmp_path), Start(command="generate")):
        pass
    assert not run.events.exists()


def test_labels_are_not_written_over_by_predictions(tmp_path):
    _check_no_labels(tmp_path)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="no 'predict' has made"):
        _check_no_labels(tmp_path)
    (tmp_path / "coco_images.json").write_text("{}")
    _check_no_labels(tmp_path)


@pytest.mark.parametrize("code", ["import sys; sys.exit(1)", "def build(): pass", "def build(n): raise ValueError(n)"])
def test_a_network_of_ones_own_that_fails_is_a_sentence(tmp_path, code):
    (tmp_path / "own.py").write_text(code)
    with pytest.raises(InputError, match=r"own\.py.*mend the file"):
        load_module_file(tmp_path / "own.py", 3)


def test_boxes_that_are_nowhere_are_told(tmp_path):
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "images" / "a.png")
    (tmp_path / "labels" / "a.txt").write_text("0 .5 .5 .2 .2\n0 .5 .5 0 .1\n0 .2 .5 .2 0\n")
    (tmp_path / "data.yaml").write_text("names: [die]\n")
    data = read_dataset(tmp_path, ("background", "die"), None, 20, 20, need_masks=False, need_boxes=True)
    assert len(data.boxes[0]) == 1 and any("2 boxes are empty, or outside" in note for note in data.notes)


def test_a_scan_line_has_a_size(tmp_path):
    for size in ((1, 3000), (3000, 1)):
        width, height = size_like(size, 64, 48)
        assert 1 / 10 < width / height < 10 and crop_box(size, width, height)


def test_a_resumed_run_takes_no_other_marks_or_psi(work, capfd):  # noqa: F811
    run = work / "run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    for flag in ("--marks", "--psi"):
        assert f"leave {flag} out" in refused(work, capfd, ["--resume", run, flag, work / "in/marks.toml"])


def test_a_name_that_cannot_be_one_is_a_sentence(work, capfd):  # noqa: F811
    assert "cannot be written" in refused(work, capfd, arguments(work, output=work / ("x" * 300)))


def test_nobody_reads_any_more(monkeypatch):
    class Gone:
        def write(self, _text):
            raise BrokenPipeError

        flush = write

    monkeypatch.setattr(sys, "stderr", Gone())
    say("on it goes")
