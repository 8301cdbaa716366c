"""Sample Sheet and Generate Dataset in the panel: bar, time left, cancel, and what a stop leaves."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

from autosimulate_addon.run import arguments
from autosimulate_addon.run.images import formats
from autosimulate_addon.run.record.directory import RunDirectory
from autosimulate_addon.run.record.events import EventLog
from autosimulate_addon.ui import monitor, package
from autosimulate_addon.ui.jobs import launch, table
from autosimulate_addon.ui.jobs.job import BackgroundJob
from autosimulate_addon.ui.layout.job_row import job_row
from autosimulate_addon.ui.operators import cancel
from autosimulate_addon.ui.torch import status as torch_status
from autosimulate_addon.ui.torch.location import TorchState
from tests.ui.test_marking import sentence

ops = bpy.ops.autosimulate


@pytest.fixture
def ready(scene, tmp_path, monkeypatch):
    """A scene to make pictures of, in milliseconds each."""
    (tmp_path / "user").mkdir()
    monkeypatch.setattr(package, "user_folder", lambda: tmp_path / "user")
    monkeypatch.setattr(torch_status, "refresh", lambda: TorchState("2.13", source="of this Blender's Python"))
    monkeypatch.setattr(torch_status, "_state", TorchState("2.13", source="of this Blender's Python"))
    ops.mark_common(what="LIGHTS")
    ops.class_add(name="cube")
    scene.objects["Cube"].select_set(True)
    ops.class_assign(what="OBJECTS")
    group = scene.autosimulate
    group.width, group.height, group.dataset_dir = 32, 24, str(tmp_path / "data")
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
    yield scene
    for kind in ("PREVIEW", "GENERATE"):
        job = table.job(kind)
        if job is not None and job.process is not None and job.process.poll() is None:
            job.process.kill()
            job.process.wait()


class Drawing:
    """The context of a panel that is drawn: in background Blender has neither a sidebar nor a scale of its own."""

    region = None
    preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=1.0))


class Layout:
    """Takes down what a panel draws, instead of drawing it."""

    def __init__(self, drawn: list | None = None) -> None:
        self.drawn: list[tuple[str, str, dict]] = [] if drawn is None else drawn

    def row(self, **_):
        return Layout(self.drawn)

    column = row

    def label(self, text="", **rest):
        self.drawn.append(("label", text, rest))

    def progress(self, text="", **rest):
        self.drawn.append(("progress", text, rest))

    def operator(self, name, **rest):
        self.drawn.append(("operator", name, rest))
        return type("Properties", (), {})()

    def prop(self, _owner, name, **rest):
        self.drawn.append(("prop", name, rest))


def panel(kind="GENERATE") -> tuple[bool, str, list]:
    """(whether it shows a running job, all its texts in one, everything drawn)."""
    layout = Layout()
    running = job_row(layout, Drawing, table.job(kind))
    return running, " ".join(text for what, text, _ in layout.drawn if what != "operator"), layout.drawn


def follow(job: BackgroundJob, until, timeout=90.0) -> None:
    end = time.monotonic() + timeout
    while not until(job.state):
        assert time.monotonic() < end, (job.state, job.log.read_text("utf-8", "replace")[-2000:])
        monitor.step(job)
        time.sleep(0.05)


def test_a_data_set_that_is_cancelled_half_way(ready, tmp_path):
    """The real job: bar and count while it renders, Cancel, and one sentence about the images that are kept."""
    ready.autosimulate.dataset_count = 5000
    assert ops.generate() == {"FINISHED"}
    job = table.job("GENERATE")
    assert panel()[:2] == (True, "Starting 0 of 5000 images")
    follow(job, lambda state: state.images >= 3)
    assert job.state.status == "running" and job.state.phase == "render" and job.state.pid == job.process.pid
    running, text, drawn = panel()
    images = job.state.images       # a quick machine has rendered more than one in a hundred
    assert running and text.startswith(f"Rendering {100 * images / 5000:.0f} %") and f"{images} of 5000 images" in text
    assert ("operator", "autosimulate.cancel") in [entry[:2] for entry in drawn]
    assert ops.cancel(kind="GENERATE") == {"FINISHED"}
    assert "Stopping after this image" in panel()[1]
    assert ops.cancel(kind="GENERATE") == {"FINISHED"}       # a second click does not break it off
    follow(job, lambda state: state.ended)
    job.process.wait(60)
    assert job.state.status == "cancelled" and job.process.returncode == 130
    data = tmp_path / "data"
    count = len(json.loads((data / "annotations.json").read_text())["images"])
    assert count == len(list((data / "records").iterdir())) == job.state.images >= 3
    running, text, drawn = panel()
    assert not running and drawn[0][0] == "label"
    assert text.startswith(f"Stopped: {count} of 5000 images are kept")
    assert not (job.directory / "scene.blend").exists()
    assert "Nothing is running" in sentence(ops.cancel)


def test_logs_of_old_side_jobs_go_and_runs_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(package, "user_folder", lambda: tmp_path)
    made = {name: RunDirectory(tmp_path / "runs" / name) for name in ("old", "new", "run", "at work")}
    for files in made.values():
        files.root.mkdir(parents=True)
        files.window_log.touch()
    made["run"].config.touch()
    events = EventLog(made["at work"].events)
    for name in ("old", "run", "at work"):
        for path in (*made[name].root.iterdir(), made[name].root):
            os.utime(path, (0, 0))
    launch.forget_side_jobs()
    events.close()
    assert {path.name for path in (tmp_path / "runs").iterdir()} == set(made) - {"old"}


def test_formats_passes_and_split_reach_the_job(ready, monkeypatch):
    asked = []
    monkeypatch.setattr(launch, "command", lambda _scene, _copy, arguments: asked.append(arguments) or [
        sys.executable, "-c", ""])
    assert ops.generate() == {"FINISHED"}
    assert not {"--format", "--passes", "--split"} & set(asked[0])
    table.job("GENERATE").process.wait(30)
    table.clear()
    group = ready.autosimulate
    group.format, group.passes, group.split = {"YOLO_SEG", "COCO"}, {"NORMAL"}, "80/20"
    assert ops.generate() == {"FINISHED"}
    options = arguments.parse(asked[1])
    assert (options.format, options.passes, options.split) == ("coco,yolo-seg", "normal", "80/20")
    assert formats.chosen(options.format) and formats.extras_of((), options.passes) == ("normal",)
    table.job("GENERATE").process.wait(30)
    table.clear()
    group.split = "all of it"
    assert "as in 80/10/10" in sentence(ops.generate) and table.job("GENERATE") is None


#: Stands in for a job that has rendered 2 of 4 samples and waits to be stopped.
_PREVIEW = """
import json, os, pathlib, shutil, sys, time
folder, output, sheet = map(pathlib.Path, sys.argv[1:])
def event(**data):
    with open(folder / "events.jsonl", "a") as file:
        file.write(json.dumps({"time": time.time(), **data}) + "\\n")
event(event="start", pid=os.getpid(), images=4)
event(event="progress", phase="render", fraction=0.5, eta_seconds=75.0, images=2)
while not (folder / "cancel").exists():
    time.sleep(0.02)
shutil.copy(sheet, output)
event(event="cancelled")
"""


def test_a_sample_sheet_that_is_cancelled_is_shown_as_far_as_it_is(ready, tmp_path, monkeypatch):
    sheet = tmp_path / "sheet.png"
    picture = bpy.data.images.new("sheet", 8, 8)
    picture.filepath_raw, picture.file_format = str(sheet), "PNG"
    picture.save()

    def command(_scene, copy, arguments):
        assert arguments[arguments.index("--events") + 1] == str(copy.parent)
        output = arguments[arguments.index("--output") + 1]
        return [sys.executable, "-c", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + _PREVIEW,
                str(copy.parent), output, str(sheet)]

    monkeypatch.setattr(launch, "command", command)
    shown = []
    monkeypatch.setattr(BackgroundJob, "show_sheet", lambda job, path: shown.append(Path(path).read_bytes()))
    assert ops.sample_sheet(count=4) == {"FINISHED"}
    job = table.job("PREVIEW")
    follow(job, lambda state: state.images == 2)
    assert panel("PREVIEW")[:2] == (True, "Rendering 50 % 2 of 4 images 1 min 15 s left")
    ops.cancel(kind="PREVIEW")
    follow(job, lambda state: state.ended)
    assert panel("PREVIEW")[1] == "Stopped: the sheet shows 2 of 4 samples"
    assert shown == [sheet.read_bytes()]


def test_esc_stops_at_once_over_the_sidebar_and_elsewhere_asks(monkeypatch):
    stopped, asked, running = [], [], {}
    monkeypatch.setattr(table, "running", lambda kind="OPTIMIZE": kind in running)
    monkeypatch.setattr(table, "job", lambda kind="OPTIMIZE": SimpleNamespace(state=running[kind]))
    Cancel = cancel.AUTOSIMULATE_OT_cancel

    def press(region=("UI", "AutoSimulate"), anywhere=False):
        manager = SimpleNamespace(invoke_confirm=lambda *_, **words: asked.append(words["title"]) or {"ASKED"})
        context = SimpleNamespace(region=SimpleNamespace(type=region[0], active_panel_category=region[1]),
                                  window_manager=manager)
        key = SimpleNamespace(anywhere=anywhere, execute=lambda _: stopped.append(cancel.next_to_stop()) or {"DONE"})
        return Cancel.invoke(key, context, SimpleNamespace(type="ESC"))

    assert not Cancel.poll(SimpleNamespace()) and press() == {"PASS_THROUGH"}
    running["GENERATE"] = SimpleNamespace(status="running")
    assert Cancel.poll(SimpleNamespace()) and press() == {"DONE"} and stopped == ["GENERATE"]
    running["OPTIMIZE"] = SimpleNamespace(status="running")
    assert press() == {"DONE"} and stopped[-1] == "OPTIMIZE"            # the key is that of the optimization
    assert press(("UI", "Tool")) == press(("WINDOW", "")) == {"PASS_THROUGH"} and not asked
    assert press(("WINDOW", ""), anywhere=True) == {"ASKED"} and asked == ["Stop: Optimization?"]
    cancel._on_playback_end()                                           # the same press has ended a playback
    assert press(("WINDOW", ""), anywhere=True) == {"PASS_THROUGH"}
    running["OPTIMIZE"].status = running["GENERATE"].status = "cancelling"
    assert press() == {"PASS_THROUGH"} and len(stopped) == 2
