"""Match Photographs by a real click: small renders, no training to speak of, and what moved in the panel."""

from __future__ import annotations

import json
from pathlib import Path

from tests.window.story import JOB, SETTINGS, install, no_errors, use_packages, validation_is_read


def test_photographs_are_matched_by_a_click(window, extension, work, job_packages):
    folder = job_packages("blender")
    story = window("blender", "match", "marked.blend")
    gui = story.gui
    install(story, extension)
    use_packages(gui, folder)
    gui.py(f"{SETTINGS}.validation = {str(work / 'val')!r}; bpy.ops.wm.save_mainfile()")
    gui.scroll(12)
    validation_is_read(gui)
    gui.click_button("autosimulate.match")
    gui.wait(f"{JOB} is not None and {JOB}.state.ended", timeout=300)
    gui.scroll(40)
    story.shot("matched")
    no_errors(gui)

    run = Path(gui.value(f"{JOB}.directory"))
    assert json.loads((run / "config.json").read_text())["method"] == "match"
    assert json.loads((run / "numbers.json").read_text())["match"]
    assert (run / "sheets" / "start.png").is_file() and (run / "sheets" / "end.png").is_file()
    gui.click_button("autosimulate.keep", across=0.25)
    gui.wait("'psi.energy.mean' in bpy.data.lights['Key']")
    story.shot("kept")
