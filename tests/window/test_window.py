"""Somebody who has never seen the add-on: from the zip to learned distributions and a data set, with real clicks.

Every step leaves a screenshot (AUTOSIMULATE_SHOTS names the folder) and is checked inside Blender.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.window.conftest import blender_python, program
from tests.window.story import (
    JOB,
    MODULE,
    SETTINGS,
    Story,
    install,
    no_errors,
    over_sidebar,
    over_viewport,
    same_from_the_command_line,
    show_light,
    use_packages,
    validation_is_read,
)


@pytest.mark.parametrize("command", ["blender", "blender-4.3-torch"])
def test_from_the_zip_to_a_data_set(command, window, extension, work, job_packages, tmp_path):
    folder = job_packages(command)
    story = window(command)
    gui = story.gui
    install(story, extension)
    story.shot("installed")
    assert gui.value("'torch' in __import__('sys').modules") == "False"

    use_packages(gui, folder)
    preferences(story)

    mark_by_right_click(story)
    mark_locations(story)
    choose_validation(story, work / "val")
    gui.scroll(40)

    gui.py(f"{SETTINGS}.iterations = 50")
    gui.click_button("autosimulate.optimize")
    gui.wait(f"{JOB} is not None and {JOB}.state.fraction > 0", timeout=60)
    began = time.monotonic()
    for _ in range(10):
        gui.py("find_area()[1].tag_redraw()")
    print(f"the window answers in {100 * (time.monotonic() - began):.0f} ms while the job runs")
    story.shot("running")
    over_sidebar(gui)
    gui.key("Escape")
    gui.wait(f"{JOB}.state.ended", timeout=60)
    story.shot("cancelled")
    assert gui.value(f"{JOB}.state.status") == "cancelled"

    gui.py(f"{SETTINGS}.iterations = 5")
    gui.scroll(-40)
    gui.scroll(12)
    gui.click_button("autosimulate.optimize")
    gui.wait(f"{JOB}.state.curve", timeout=120)
    story.shot("first-iteration")
    gui.wait(f"{JOB}.state.ended", timeout=150)
    story.shot("done")
    assert gui.value(f"{JOB}.state.status") == "done", gui.value(f"{JOB}.state.error")
    assert gui.value("bpy.data.lights['Key'].get('psi.energy.mean')") == "None"     # nothing before Keep
    gui.scroll(20)
    gui.click_button("autosimulate.keep", across=0.25)
    story.shot("kept")
    learned = json.loads(Path(gui.value(f"{JOB}.directory"), "psi.json").read_text())
    final = {entry["key"]: entry["final"] for entry in learned["factors"]}
    assert float(gui.value("bpy.data.lights['Key']['psi.energy.mean']")) == pytest.approx(
        final["Key Power"]["mean"][0])

    custom_properties(story)

    sample_and_undo(story)
    generate(story, tmp_path / "data")
    attach_after_reload(story)
    same_from_the_command_line(program(command), Path(gui.value(f"{JOB}.directory")), tmp_path / "again")
    no_errors(gui)


def preferences(story: Story) -> None:
    """The add-on's preferences in their own window."""
    gui = story.gui
    gui.py(f"bpy.ops.preferences.addon_show(module={MODULE!r})")
    time.sleep(1.5)
    gui.py("for area in bpy.context.window_manager.windows[-1].screen.areas: area.tag_redraw()")
    time.sleep(1.5)
    story.shot("preferences")
    gui.py("with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]): bpy.ops.wm.window_close()")


def mark_by_right_click(story: Story) -> None:
    """The context menu of a light's power: our entry is the last."""
    gui = story.gui
    show_light(gui)
    x, y = gui.find("energy", across=0.75, area="PROPERTIES", kind="WINDOW")
    gui.click(x, y, button=3)
    gui.key("End", "Up")                                # the last is Add to States
    story.shot("right-click")
    gui.key("Return")
    gui.wait(f"len({SETTINGS}.marks) == 1")
    time.sleep(0.5)
    story.shot("marked")
    assert gui.value(f"{SETTINGS}.marks[0].targets[0].path") == "energy"


def mark_locations(story: Story) -> None:
    gui = story.gui
    gui.py("for o in bpy.context.view_layer.objects: o.select_set(o.type == 'MESH' and o.name != 'Ground')")
    gui.click_button("autosimulate.mark_selected", across=0.4)
    gui.wait(f"len({SETTINGS}.marks) == 2")
    time.sleep(0.8)
    story.shot("locations")
    assert gui.value(f"len({SETTINGS}.marks[1].targets)") == "6"


def choose_validation(story: Story, folder: Path) -> None:
    gui = story.gui
    gui.scroll(9)
    gui.click(*gui.find(".autosimulate.validation", across=0.3))
    gui.key("ctrl+a")
    gui.type(str(folder))
    gui.key("Return")
    assert gui.value(f"bpy.path.abspath({SETTINGS}.validation).rstrip('/')") == str(folder)
    gui.click_button("autosimulate.check_validation")
    assert gui.value(f"{validation_is_read(gui, timeout=30)}.n_images") == "6"
    story.shot("validation")


def custom_properties(story: Story) -> None:
    """The same psi where any Blender user looks: the light's Custom Properties."""
    gui = story.gui
    show_light(gui)
    gui.py("w,a,r=find_area('PROPERTIES'); a.spaces.active.search_filter = 'psi'; a.tag_redraw()")
    time.sleep(1.0)                                     # searching opens the panel that has what is searched for
    story.shot("custom-properties")
    gui.py("w,a,r=find_area('PROPERTIES'); a.spaces.active.search_filter = ''")
    assert "psi.energy.std" in gui.value("list(bpy.data.lights['Key'].keys())")


def sample_and_undo(story: Story) -> None:
    gui = story.gui
    places = "[tuple(round(v, 4) for v in o.location) for o in bpy.data.objects if o.type == 'MESH']"
    before = gui.value(places)
    gui.click_button("autosimulate.draw_sample", across=0.75)
    time.sleep(0.5)
    story.shot("sample")
    assert gui.value(places) != before
    over_viewport(gui)
    gui.key("ctrl+z")
    time.sleep(0.5)
    assert gui.value(places) == before
    story.shot("undone")
    assert "psi.energy.mean" in gui.value("list(bpy.data.lights['Key'].keys())")


def generate(story: Story, folder: Path) -> None:
    gui = story.gui
    gui.py(f"{SETTINGS}.dataset_dir = {str(folder)!r}; {SETTINGS}.dataset_count = 10")
    gui.scroll(40)
    gui.click_button("autosimulate.generate")
    job = JOB.replace(".job()", ".job('GENERATE')")
    gui.wait(f"{job} and {job}.state.ended", timeout=90)
    story.shot("generated")
    assert gui.value(f"{job}.state.status") == "done", gui.value(f"{job}.state.error")
    assert len(list((folder / "images").glob("*.png"))) == 10
    assert len(json.loads((folder / "annotations.json").read_text())["images"]) == 10


def attach_after_reload(story: Story) -> None:
    gui = story.gui
    gui.py("bpy.ops.wm.save_mainfile(); bpy.ops.wm.revert_mainfile()")
    time.sleep(1.0)
    gui.tab("AutoSimulate")
    gui.wait(f"{JOB} is None")
    gui.scroll(40)
    gui.click_button("autosimulate.attach")
    gui.wait(f"{JOB} is not None and {JOB}.state.status == 'done'")
    story.shot("attached")


def test_without_pytorch(window, extension):
    """Enabling works, the tab says what is missing, the buttons say why they are grey, nothing is in the console."""
    blender = next((name for name in ("blender-4.3", "blender") if not _has_torch(name)), None)
    if blender is None:
        pytest.skip("every Blender here has PyTorch, or none is installed: setup_blender.sh --no-torch installs one")
    story = window(blender)
    gui = story.gui
    install(story, extension)
    story.shot("installed")
    mark_by_right_click(story)
    mark_locations(story)
    reason = gui.py("""
w,a,r=find_area()
with bpy.context.temp_override(window=w, area=a, region=r['UI']):
    try:
        bpy.ops.autosimulate.optimize()
    except RuntimeError as error:
        print(error)""")
    assert "PyTorch is not installed" in reason
    preferences(story)
    text = gui.log.read_text()
    assert "Traceback" not in text and "Error" not in text


def _has_torch(name: str) -> bool:
    return shutil.which(name) is None or blender_python(name)[1]
