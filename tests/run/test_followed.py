"""preview and generate as the window follows them: events, and a stop that keeps what was rendered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import bpy
import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.protocol import Cancelled
from autosimulate_addon.protocol.events import Event, Problem, Start
from autosimulate_addon.run import cli
from autosimulate_addon.run.record.events import followed, read_events


def argv(inputs, command, output, events, *extra):
    return [str(part) for part in (
        command, "--scene", inputs / "scene.blend", "--marks", inputs / "marks.toml", "--output", output,
        "--events", events, *extra)]


def events_in(folder) -> list[Event]:
    return list(read_events(folder / "events.jsonl"))


def assert_whole(folder, count):
    """A data set of ``count`` images: every file there and readable, the annotations of just these."""
    coco = json.loads((folder / "annotations.json").read_text())
    assert [image["file_name"] for image in coco["images"]] == [f"images/{i:06d}.png" for i in range(count)]
    for kind in ("images", "masks", "instances"):
        assert len(list((folder / kind).iterdir())) == count
        for path in (folder / kind).iterdir():
            assert np.asarray(Image.open(path)).shape[:2] == (12, 16)
    assert {annotation["image_id"] for annotation in coco["annotations"]} == {image["id"] for image in coco["images"]}


@pytest.mark.parametrize("command", ["preview", "generate"])
def test_a_followed_job_tells_how_far_it_is(inputs, tmp_path, command):
    assert cli.main(argv(inputs, command, tmp_path / "out", tmp_path / "job", "--count", 5)) == 0
    first, *progress, last = events_in(tmp_path / "job")
    assert (first.event, first.pid, first.images) == ("start", os.getpid(), 5)
    assert {event.event for event in progress} == {"progress"} and last.event == "done"
    assert all(event.phase == "render" for event in progress)
    fractions = [event.fraction for event in progress]
    assert fractions[0] == 0.0 and fractions[-1] == 1.0 and fractions == sorted(fractions)
    assert progress[-1].images == 5


def test_without_a_follower_nothing_is_written_beside_the_result(inputs, tmp_path):
    arguments = argv(inputs, "preview", tmp_path / "out", "", "--count", 1)
    arguments = [part for part in arguments if part not in ("--events", "")]
    assert cli.main(arguments) == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["preview.png"]


@pytest.mark.skipif(os.name != "posix", reason="the signal that the window sends")
def test_a_signal_in_the_middle_leaves_a_data_set_and_the_same_again_completes_it(inputs, tmp_path, repo_root, capfd):
    data, job = tmp_path / "data", tmp_path / "job"
    command = [sys.executable, str(repo_root / "headless" / "run.py"),
               *argv(inputs, "generate", data, job, "--count", 2000)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not (data / "records" / "000002.json").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    count = len(list((data / "records").iterdir()))
    assert 3 <= count < 2000
    assert f"Stopped: {count} of 2000 images are in" in said
    assert_whole(data, count)
    *_, progress, last = events_in(job)
    assert last.event == "cancelled" and (progress.event, progress.images) == ("progress", count)
    assert cli.main(argv(inputs, "generate", data, job, "--count", count + 2)) == 0
    assert "(2 rendered now)" in capfd.readouterr().err
    assert_whole(data, count + 2)
    assert [event.event for event in events_in(job)][-1] == "done"


def stop_after(monkeypatch, job, images):
    """Leaves the cancel file, as the window does, while the ``images``-th image is rendered."""
    render, count = RenderSession.render, [0]

    def counted(*arguments):
        count[0] += 1
        if count[0] == images:
            (job / "cancel").touch()
        return render(*arguments)

    monkeypatch.setattr(RenderSession, "render", counted)


def test_a_stopped_preview_shows_the_samples_so_far(inputs, tmp_path, monkeypatch, capfd):
    assert cli.main(argv(inputs, "preview", tmp_path / "whole", tmp_path / "a", "--count", 2)) == 0
    stop_after(monkeypatch, tmp_path / "b", 2)
    assert cli.main(argv(inputs, "preview", tmp_path / "part", tmp_path / "b", "--count", 9)) == 130
    assert "the 2 samples so far are in" in capfd.readouterr().err
    assert (tmp_path / "part" / "preview.png").read_bytes() == (tmp_path / "whole" / "preview.png").read_bytes()
    assert events_in(tmp_path / "b")[-1].event == "cancelled"


def test_stopped_before_the_first_image(inputs, tmp_path, capfd):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "cancel").touch()
    assert cli.main(argv(inputs, "preview", tmp_path / "out", tmp_path / "job")) == 130
    assert "Stopped before the first sample." in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_bad_input_is_told_to_the_follower_too(inputs, tmp_path, capfd):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "holiday.jpg").touch()
    assert cli.main(argv(inputs, "generate", tmp_path / "full", tmp_path / "job")) == 2
    last = events_in(tmp_path / "job")[-1]
    assert last.event == "error" and last.message in capfd.readouterr().err


@pytest.mark.parametrize(("error", "ending"), [(Cancelled("stop"), "cancelled"), (KeyboardInterrupt(), "cancelled"),
                                               (RuntimeError(), "error")])
def test_every_ending_is_told(tmp_path, error, ending):
    with pytest.raises(type(error)), followed(str(tmp_path), Start(command="generate")):
        raise error
    assert [event.event for event in events_in(tmp_path)] == ["start", ending]


def test_notes_of_the_render_session_reach_the_terminal_and_the_follower_once(inputs, tmp_path, capfd):
    bpy.ops.wm.open_mainfile(filepath=str(inputs / "scene.blend"))
    bpy.context.scene.render.use_motion_blur = True
    scene = tmp_path / "blurred.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(scene), copy=True)
    arguments = argv(inputs, "preview", tmp_path / "out", tmp_path / "job", "--count", 2)
    arguments[arguments.index("--scene") + 1] = str(scene)
    assert cli.main(arguments) == 0
    said = [event.message for event in events_in(tmp_path / "job") if isinstance(event, Problem)]
    assert said == ["Motion blur is off: labels of a blurred edge are undefined."]
    assert capfd.readouterr().err.count(said[0]) == 1
