"""The influence sheet: what it shows, where it is refused, and that a run does not notice it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from autosimulate_addon.run.optimization import influence_sheet
from autosimulate_addon.run.record import checkpoint
from autosimulate_addon.run.report import influence as figure
from tests.run.test_job import argv, final_psi, run


def same(one, other) -> bool:
    """Bitwise, through all levels of a checkpoint."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def state(directory) -> dict:
    """The last checkpoint, without what a clock says."""
    found = checkpoint.load(directory / "checkpoint")
    for record in found["records"]:
        record.pop("seconds")
    return found


@pytest.fixture(scope="module")
def finished(inputs, tmp_path_factory):
    output = tmp_path_factory.mktemp("influence") / "run"
    assert run(*argv(inputs, output, "--no-compare", "--no-control")) == 0
    return output


@pytest.fixture
def bare(inputs, tmp_path, monkeypatch):
    """The same run without any influence map."""
    with monkeypatch.context() as patch:
        patch.setattr(influence_sheet, "write", lambda *_arguments: 0)
        assert run(*argv(inputs, tmp_path / "bare", "--no-compare", "--no-control")) == 0
    assert not (tmp_path / "bare" / "sheets" / "influence.png").exists()
    return tmp_path / "bare"


def test_a_run_with_it_is_bitwise_the_run_without_it(finished, bare):
    assert (finished / "sheets" / "influence.png").is_file()
    assert final_psi(finished) == final_psi(bare)
    assert same(state(finished), state(bare))


def test_looking_at_a_stopped_run_changes_nothing_of_how_it_goes_on(inputs, bare, tmp_path, monkeypatch, capfd):
    """Stopped after the second iteration, looked at, resumed: bitwise the run that nobody stopped or looked at."""
    output, save = tmp_path / "stopped", checkpoint.save

    def save_and_ask(folder, saved):
        save(folder, saved)
        if len(saved["records"]) == 2:
            (output / "cancel").touch()

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save_and_ask)
        assert run(*argv(inputs, output, "--no-compare", "--no-control")) == 130
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    assert run("preview", "--psi", output, "--influence", "--count", 3, "--output", tmp_path / "out", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {"images": 3, "iterations": 2,
                                                 "output": str(tmp_path / "out" / "influence.png")}
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    assert run("--resume", output) == 0
    assert final_psi(output) == final_psi(bare)
    assert same(state(output), state(bare))


def test_it_draws_from_nobody_elses_random_numbers(finished, tmp_path, monkeypatch):
    seen, write = [], influence_sheet.write

    def watched(*arguments):
        before = torch.get_rng_state(), np.random.get_state()[1].tolist()
        write(*arguments)
        seen.append(same(before, (torch.get_rng_state(), np.random.get_state()[1].tolist())))
        return 1

    monkeypatch.setattr(influence_sheet, "write", watched)
    assert run("preview", "--psi", finished, "--influence", "--output", tmp_path) == 0
    assert seen == [True]


def test_from_the_checkpoint_it_is_the_sheet_of_the_end(finished, tmp_path):
    assert run("preview", "--psi", finished / "psi.json", "--influence", "--output", tmp_path / "again.png") == 0
    again, end = (np.asarray(Image.open(path)) for path in (tmp_path / "again.png",
                                                            finished / "sheets" / "influence.png"))
    assert np.array_equal(again, end) and end.shape[1] > 1000


def test_the_report_shows_it(finished):
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "<h2>Which pixels helped</h2><img" in page


def test_a_map_that_cannot_be_drawn_is_a_sentence_not_the_end_of_the_run(inputs, tmp_path, monkeypatch):
    whole = influence_sheet.influence_of

    def broken(state, count):
        found = whole(state, count)
        found.maps[0, 0, 0] = np.nan
        return found

    monkeypatch.setattr(influence_sheet, "influence_of", broken)
    assert run(*argv(inputs, tmp_path / "run", "--no-compare", "--no-control", "--iterations", 1)) == 0
    assert not (tmp_path / "run" / "sheets" / "influence.png").exists()
    assert "influence map could not be drawn" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"method": "none"}, "The method &#x27;none&#x27; never asks"),
    ({"approximation": "no-validation"}, "does not look at the validation images"),
])
def test_a_method_without_v_says_so_in_the_report_and_on_request(inputs, tmp_path, capfd, changes, sentence):
    flags = [part for name, value in changes.items() for part in (f"--{name}", value)]
    output = tmp_path / "run"
    assert run(*argv(inputs, output, "--no-compare", "--no-control", "--iterations", 1, *flags)) == 0
    assert not (output / "sheets" / "influence.png").exists()
    assert sentence in (output / "report.html").read_text(encoding="utf-8")
    refused(capfd, sentence.replace("&#x27;", "'"), "--psi", output)


def test_the_published_algorithm_has_one(inputs, tmp_path):
    assert run(*argv(inputs, tmp_path / "run", "--no-compare", "--no-control", "--iterations", 1,
                     "--method", "published")) == 0
    assert (tmp_path / "run" / "sheets" / "influence.png").is_file()


def test_what_it_cannot_be_made_from(finished, tmp_path, capfd):
    refused(capfd, "needs --psi RUN")
    refused(capfd, "There is no psi.json", "--psi", tmp_path / "nothing")
    (tmp_path / "alone").mkdir()
    shutil.copy(finished / "psi.json", tmp_path / "alone")
    refused(capfd, "There is no run in", "--psi", tmp_path / "alone" / "psi.json")
    refused(capfd, "--count must be", "--psi", finished, "--count", 0)
    shutil.copytree(finished, tmp_path / "early")
    for path in (tmp_path / "early" / "checkpoint").glob("*.pt"):
        path.unlink()
    refused(capfd, "no checkpoint", "--psi", tmp_path / "early")
    (tmp_path / "early" / "checkpoint" / "latest.pt").write_bytes(b"not a checkpoint")
    refused(capfd, "cannot be read", "--psi", tmp_path / "early")
    shutil.copy(finished / "checkpoint" / "latest.pt", tmp_path / "early" / "checkpoint")
    stored = json.loads((tmp_path / "early" / "config.json").read_text())
    (tmp_path / "early" / "config.json").write_text(json.dumps({**stored, "validation": str(tmp_path / "gone")}))
    refused(capfd, "gone", "--psi", tmp_path / "early")
    (tmp_path / "early" / "scene.blend").unlink()
    refused(capfd, "scene.blend", "--psi", tmp_path / "early")


def refused(capfd, sentence, *arguments):
    capfd.readouterr()
    assert run("preview", "--influence", *arguments) == 2
    said = capfd.readouterr().err
    assert sentence in said and said.count("Error: ") == 1 and "Traceback" not in said, said


def sheet(maps) -> np.ndarray:
    """The sheet of black renders without objects, as pixels."""
    canvas = figure.draw(np.zeros((*maps.shape, 3), np.float32), np.zeros(maps.shape, np.uint8), maps,
                         ("background", "cube")).canvas
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)


def test_the_colours_mean_what_the_legend_says():
    """Most helpful first: the blue map stands left of the red one, whatever their order was."""
    pixels = sheet(np.stack([np.full((6, 8), -1e-3, np.float32), np.full((6, 8), 1e-3, np.float32)]))
    body = pixels[int(1.15 * 160):]                     # below the heading and its colour bar
    blue = np.argwhere(body[..., 2] - body[..., 0] > 60)[:, 1]
    red = np.argwhere(body[..., 0] - body[..., 2] > 60)[:, 1]
    assert len(blue) > 1000 and len(red) > 1000 and np.median(blue) < np.median(red) - 100


def test_zero_is_colourless_and_the_scale_symmetric():
    maps = np.zeros((1, 6, 8), np.float32)
    assert figure.colour_limit(maps) == 1.0
    maps[0, 0, 0], maps[0, 0, 1] = 2.0, -1.0
    assert 1.9 < figure.colour_limit(maps) <= 2.0
    body = sheet(np.zeros((1, 6, 8), np.float32))[int(1.15 * 160):int(2.9 * 160)]
    assert np.abs(body[..., 0] - body[..., 2]).max() < 30
