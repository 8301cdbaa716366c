"""While a run is going: saving, moving, undoing, rendering by hand and quitting disturb neither it nor the scene."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.ui.jobs.run_process import alive
from tests.window.conftest import program
from tests.window.story import (
    JOB,
    SETTINGS,
    Story,
    install,
    no_errors,
    over_viewport,
    same_from_the_command_line,
    use_packages,
)

CUBE = "tuple(round(v, 4) for v in bpy.data.objects['Large Cube'].location)"


def test_what_people_do_meanwhile(window, extension, work, job_packages, tmp_path):
    folder = job_packages("blender")
    story = window("blender", "meanwhile")
    gui = story.gui
    install(story, extension)
    use_packages(gui, folder)
    gui.py(f"s = {SETTINGS}; s.validation = {str(work / 'val')!r}\n"
           "s.iterations, s.control, s.compare, s.epochs, s.network_width = 18, False, False, 8, 16\n"
           "bpy.ops.autosimulate.mark_common(what='LIGHTS'); bpy.context.scene.cycles.samples = 16\n"
           "r = bpy.context.scene.render; r.resolution_x, r.resolution_y, r.resolution_percentage = 320, 240, 100\n"
           "bpy.ops.wm.save_mainfile(); bpy.ops.ed.undo_push(message='before')")
    gui.py("bpy.ops.autosimulate.optimize()")
    gui.wait(f"{JOB}.state.curve", timeout=90)
    run = Path(gui.value(f"{JOB}.directory"))

    save(story)
    move_and_undo(story)
    render(story, tmp_path / "by-hand.png")
    assert gui.value(f"{JOB}.state.ended") == "False", "too short a run to show anything"
    pid = int(gui.value(f"{JOB}.state.pid"))
    no_errors(gui)
    gui.py("bpy.ops.wm.save_userpref()")               # as Blender does by itself when it quits
    gui.quit()
    assert alive(pid) and not ended(run), "the job must outlive the window"

    with held(pid):                                     # or a quick one ends before the next window is there to find it
        story = window("blender", "meanwhile-again")
        gui = story.gui
        gui.tab("AutoSimulate")
        # what the file had when it was saved by hand, while the run was going: nothing of the job's is in it
        assert gui.value(CUBE) == "(0.0, 0.9, 0.75)"
        gui.wait(f"{JOB} is not None", timeout=20)      # by itself: its run goes on
    story.shot("attached")
    gui.wait(f"{JOB}.state.ended", timeout=300)
    assert gui.value(f"{JOB}.state.status") == "done", gui.value(f"{JOB}.state.error")
    gui.click_button("autosimulate.keep", across=0.25)
    final = {entry["key"]: entry["final"] for entry in json.loads((run / "psi.json").read_text())["factors"]}
    gui.wait("bpy.data.lights['Key'].get('psi.energy.mean') is not None", timeout=10)
    assert float(gui.value("bpy.data.lights['Key']['psi.energy.mean']")) == pytest.approx(final["Key Power"]["mean"][0])
    story.shot("kept")
    no_errors(gui)
    same_from_the_command_line(program("blender"), run, tmp_path / "again")


@contextlib.contextmanager
def held(pid: int) -> Iterator[None]:
    """The process does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def save(story: Story) -> None:
    """Ctrl+S, with the mouse over the viewport."""
    gui = story.gui
    before = Path(gui.value("bpy.data.filepath")).stat().st_mtime_ns
    over_viewport(gui)
    gui.key("ctrl+s")
    gui.wait("not bpy.data.is_dirty", timeout=10)
    assert Path(gui.value("bpy.data.filepath")).stat().st_mtime_ns > before


def move_and_undo(story: Story) -> None:
    """G, a mouse movement, a click; then Ctrl+Z."""
    gui = story.gui
    gui.py("for o in bpy.context.view_layer.objects: o.select_set(o.name == 'Large Cube')\n"
           "bpy.context.view_layer.objects.active = bpy.data.objects['Large Cube']\n"
           "bpy.ops.ed.undo_push(message='sel')")
    place = gui.value(CUBE)
    over_viewport(gui)
    gui.key("g")
    x, y, width, height = gui.region(kind="WINDOW")
    gui.move(x + width // 3 + 80, y + height // 2 - 40)
    story.shot("moving")
    gui.x("click", "1")
    gui.wait(f"{CUBE} != {place}", timeout=10)
    gui.key("ctrl+z")
    gui.wait(f"{CUBE} == {place}", timeout=10)
    # the run goes on, whatever undo brings back
    images = gui.value(f"{JOB}.state.images")
    gui.wait(f"{JOB}.state.images > {images}", timeout=60)


def render(story: Story, picture: Path) -> None:
    """As F12 does: in its own thread, with the window live."""
    gui = story.gui
    gui.py("w,a,r=find_area()\n"
           "done = []; bpy.app.handlers.render_complete.append(lambda *_: done.append(1))\n"
           "with bpy.context.temp_override(window=w, area=a, region=r['WINDOW']): "
           "bpy.ops.render.render('INVOKE_DEFAULT')", timeout=60)
    gui.wait("done", timeout=120)
    gui.wait("not bpy.app.is_job_running('RENDER')", timeout=30)
    story.shot("rendered")
    gui.py(f"bpy.data.images['Render Result'].save_render({str(picture)!r})")
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert pixels.shape == (240, 320, 3) and pixels.std() > 5
    gui.py("for window in bpy.context.window_manager.windows[1:]:\n"
           "    with bpy.context.temp_override(window=window): bpy.ops.wm.window_close()")


def ended(run: Path) -> bool:
    return any(json.loads(line)["event"] in ("done", "cancelled", "error")
               for line in (run / "events.jsonl").read_text().splitlines())
