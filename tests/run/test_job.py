"""Whole runs on a tiny scene: what they leave behind, stopping, killing and resuming, and an untouched scene."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import bpy
import numpy as np
import pytest
import torch
from PIL import Image

from autosimulate_addon.blender.marks import mark_scene, properties, psi_properties
from autosimulate_addon.core.datasets import read_dataset
from autosimulate_addon.core.delivered.files import WRITERS
from autosimulate_addon.core.tasks import make_task
from autosimulate_addon.protocol.events import Done, Iteration, Problem, Progress, Start
from autosimulate_addon.run import cli
from autosimulate_addon.run.optimization import taken_home
from autosimulate_addon.run.record import checkpoint, network_file
from autosimulate_addon.run.record.events import read_events
from tests.blender.rna_dump import differences, dump


def argv(inputs, output, *extra):
    return [str(part) for part in (
        "optimize", "--scene", inputs / "scene.blend", "--marks", inputs / "marks.toml", "--validation",
        inputs / "validation", "--output", output, "--count", 4, "--device", "cpu", "--seed", 5, *extra)]


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def final_psi(directory):
    return {entry["key"]: entry["final"] for entry in json.loads((directory / "psi.json").read_text())["factors"]}


def iterations(directory):
    return [event for event in read_events(directory / "events.jsonl") if isinstance(event, Iteration)]


def numbers_of(value):
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in numbers_of(value[key])]
    return [number for item in value for number in numbers_of(item)] if isinstance(value, list) else [value]


def assert_same_result(directory, reference):
    assert numbers_of(final_psi(directory)) == pytest.approx(numbers_of(final_psi(reference)), abs=1e-6)
    assert [event.iteration for event in iterations(directory)] == [0, 1, 2, 3]
    assert [event.images for event in iterations(directory)] == [4, 8, 12, 16]
    assert [event.val_loss for event in iterations(directory)] == pytest.approx(
        [event.val_loss for event in iterations(reference)], abs=1e-6)


@pytest.fixture(scope="module")
def reference(inputs, tmp_path_factory):
    """An uninterrupted run."""
    output = tmp_path_factory.mktemp("runs") / "reference"
    assert run(*argv(inputs, output)) == 0
    return output


def test_what_a_run_leaves_behind(reference):
    there = {path.name for path in reference.iterdir()}
    assert {"config.json", "scene.blend", "events.jsonl", "checkpoint", "psi.json", "report.html", "report.png",
            "optimized.blend", "log.txt", "latest_samples.png", "numbers.json", "marks.toml"} <= there
    assert not [name for name in there if name.startswith(".")]
    events = list(read_events(reference / "events.jsonl"))
    assert isinstance(events[0], Start) and events[0].pid == os.getpid()
    assert isinstance(events[-1], Done)
    assert {"start", "learned"} == set(set(events[-1].numbers.rows))
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)


def test_the_network_decides_as_the_run_says(inputs, reference):
    """The stored network, on the validation images: its argmax has the metric that the run measured."""
    assert {path.name for path in (reference / "network").iterdir()} == {"network.json", *WRITERS}
    description, network = network_file.read(network_file.find(reference))
    task = make_task(description.settings.task, description.classes)
    dataset = read_dataset(inputs / "validation", description.classes, None, *description.size)
    images = torch.from_numpy(dataset.images).permute(0, 3, 1, 2).float() / 255
    scored = task.evaluate(network, images, task.targets(torch.from_numpy(dataset.labels))).metric
    stored = json.loads((reference / "network/network.json").read_text())
    assert scored == pytest.approx(stored["scores"]["validation"]["decided_metric"], abs=1e-6)
    assert stored["classes"] == ["background", "ball", "box"] and len(stored["decision_biases"]) == 3
    photographs, labels, before, after = np.split(np.asarray(Image.open(reference / "sheets/predictions.png")), 4)
    assert photographs.shape == labels.shape == before.shape == after.shape


def test_a_model_that_is_missing_comes_with_resume(reference, tmp_path, capfd, monkeypatch):
    output = shutil.copytree(reference, tmp_path / "run")
    (output / "network/model.onnx").unlink()
    monkeypatch.setattr(taken_home, "missing_packages", lambda *names: "onnx" if "onnx" in names else "")
    assert run("--resume", output) == 0
    assert "model.onnx of the network is left out" in capfd.readouterr().err
    monkeypatch.undo()
    assert run("--resume", output) == 0
    assert (output / "network/model.onnx").is_file()


def test_psi_moved_and_is_in_the_scene(reference):
    stored = json.loads((reference / "psi.json").read_text())["factors"]
    assert any(entry["final"] != entry["start"] for entry in stored)
    bpy.ops.wm.open_mainfile(filepath=str(reference / "optimized.blend"))
    properties.ensure_registered()
    marks, classes = mark_scene.read(bpy.context.scene)
    assert classes.names == ("background", "ball", "box")
    plain = psi_properties.read(bpy.context.scene, marks)
    assert numbers_of(plain) == pytest.approx(numbers_of(final_psi(reference)), rel=1e-6)
    assert bpy.data.lights["Lamp"]["psi.energy.mean"] == pytest.approx(final_psi(reference)["power"]["mean"][0])


def test_json_is_the_only_thing_on_standard_output(reference, capfd):
    assert run("--resume", reference, "--json") == 0
    out = capfd.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["rows"]["learned"]["images"] == 4


def test_a_comparison_by_fewer_networks_is_made_anew(reference, tmp_path):
    """As of a run that an older version was stopped in."""
    output = shutil.copytree(reference, tmp_path / "run")
    events = (output / "events.jsonl").read_text().splitlines(keepends=True)
    (output / "events.jsonl").write_text("".join(events[:-1]))          # without "done"
    path = output / "checkpoint" / "comparison.json"
    rows = json.loads(path.read_text())
    start = {**rows["start"], "decided_metrics": rows["start"]["decided_metrics"][:1], "metric": 0.0}
    path.write_text(json.dumps({**rows, "start": start}))
    assert run("--resume", output) == 0
    assert json.loads(path.read_text())["start"]["metrics"] == pytest.approx(rows["start"]["metrics"], abs=1e-6)


def test_a_run_whose_files_were_changed_is_not_resumed(inputs, reference, tmp_path, capfd):
    output = shutil.copytree(reference, tmp_path / "run")
    folder = shutil.copytree(inputs / "validation", tmp_path / "validation")
    config = json.loads((output / "config.json").read_text())
    events = (output / "events.jsonl").read_text().splitlines(keepends=True)
    (output / "events.jsonl").write_text("".join(events[:-1]))          # without "done"

    def refused(**changed):
        (output / "config.json").write_text(json.dumps({**config, "validation": str(folder), **changed}))
        assert run("--resume", output) == 2
        return capfd.readouterr().err

    assert "must be a list" in refused(start={"power": {"mean": 3.0, "std": [1.0]}})
    assert "does not say with which" in refused(start={"gravity": {}})
    latest = output / "checkpoint" / "latest.pt"
    saved = torch.load(latest, weights_only=True)
    torch.save({name: part for name, part in saved.items() if name != "records"}, latest)
    assert "does not fit the run's config.json (KeyError" in refused()
    mask = next((folder / "masks").iterdir())
    Image.fromarray(np.zeros_like(np.asarray(Image.open(mask)))).save(mask)
    assert "validation images or their labels are not those" in refused()


def test_cancel_and_resume(inputs, reference, tmp_path, monkeypatch):
    output = tmp_path / "run"
    save = checkpoint.save

    def save_and_ask(folder, state):
        save(folder, state)
        (output / "cancel").touch()

    monkeypatch.setattr(checkpoint, "save", save_and_ask)
    assert run(*argv(inputs, output)) == 130
    monkeypatch.undo()
    assert list(read_events(output / "events.jsonl"))[-1].event == "cancelled"
    assert len(iterations(output)) == 1
    assert run("--resume", output) == 0
    assert_same_result(output, reference)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_kill_and_resume(inputs, reference, tmp_path, repo_root):
    """Killed in the third iteration, between two images."""
    output = tmp_path / "run"
    command = [sys.executable, str(repo_root / "headless" / "run.py"), *argv(inputs, output)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not (output / "renders" / "s5_i00002_00001.npz").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run("--resume", output) == 0
    assert_same_result(output, reference)


def test_resume_refuses_other_settings(reference, capfd):
    assert run("--resume", reference, "--seed", 6) == 2
    assert "--seed" in capfd.readouterr().err
    assert run("--resume", reference, "--device", "cpu") == 0       # on a machine without the graphics card


def test_the_scene_is_as_before(inputs, tmp_path, monkeypatch):
    """Every RNA value of every data-block, before and after a run in this very process, finished or broken off."""
    bpy.ops.wm.open_mainfile(filepath=str(inputs / "scene.blend"))
    properties.ensure_registered()

    def changes():
        # Blender's own doing: a mesh's "clone" UV layer (for texture painting) is unset whenever a file is saved, and
        # an image format's colour space, empty in a new file, gets its name when a file is first written.
        return [line for line in differences(before, dump())
                if "uv_layer_clone" not in line and "linear_colorspace_settings.name: ''" not in line]

    before = dump()
    assert run(*argv(inputs, tmp_path / "run", "--no-compare", "--iterations", 1)) == 0
    assert changes() == []

    def fail(*_arguments):
        raise RuntimeError("an error in the middle")

    monkeypatch.setattr(checkpoint, "save", fail)
    assert run(*argv(inputs, tmp_path / "broken", "--no-compare", "--iterations", 1)) == 1
    assert changes() == []
    assert list(read_events(tmp_path / "broken" / "events.jsonl"))[-1].event == "error"


def test_one_folder_for_both_uses_has_its_halves_told_apart(inputs, tmp_path, capfd):
    output = tmp_path / "run"
    real = ("--real", inputs / "validation")
    assert run(*argv(inputs, output, *real, "--iterations", 1, "--images", 2, "--judges", 1, "--no-control")) == 0
    numbers = json.loads((output / "numbers.json").read_text())
    assert set(numbers["rows"]) == {"start", "learned", "synthetic only", "real only"}
    assert len({row["loss"] for row in numbers["rows"].values()}) >= 3
    problems = [event.message for event in read_events(output / "events.jsonl") if isinstance(event, Problem)]
    assert any("its first 1 images by name are trained on, the other 2 drive" in message for message in problems)
    said = capfd.readouterr().err
    assert "both (learned)" in said and "synthetic only (learned)" in said and "real only" in said
    assert "real only" in (output / "report.html").read_text()
    assert run("evaluate", "--psi", output, "--count", 2, "--judges", 1, "--test", inputs / "validation",
               "--output", tmp_path / "score") == 0
    assert set(json.loads((tmp_path / "score" / "numbers.json").read_text())["rows"]) == {
        "both", "synthetic only", "real only"}
