"""What the stories in Blender's window share: a window with its pictures, and the steps that several begin with."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from tests.window.gui import Gui

RUN = Path(__file__).parents[2] / "headless" / "run.py"
MODULE = "bl_ext.user_default.autosimulate"
JOB = f"__import__('{MODULE}.autosimulate_addon.ui.jobs.table', fromlist=['x']).job()"
SETTINGS = "bpy.context.scene.autosimulate"


class Story:
    """One window, its steps, and a picture of each."""

    def __init__(self, gui: Gui, shots: Path, name: str) -> None:
        self.gui, self.shots, self.name, self.number = gui, shots, name, 0

    def shot(self, what: str) -> None:
        self.number += 1
        time.sleep(0.6)
        self.gui.shot(self.shots / f"{self.name}-{self.number:02d}-{what}.png")


def install(story: Story, extension: Path) -> None:
    """What Preferences, Install from Disk does once a file is chosen."""
    story.gui.py(f"bpy.ops.extensions.package_install_files(filepath={str(extension)!r}, repo='user_default', "
                 "enable_on_install=True)")
    story.gui.wait(f"{MODULE!r} in bpy.context.preferences.addons")
    story.gui.py("w,a,r=find_area(); a.spaces.active.shading.type='SOLID'; "
                 "a.spaces.active.region_3d.view_perspective='PERSP'")
    story.gui.tab("AutoSimulate")


def use_packages(gui: Gui, folder: Path) -> None:
    """Names the folder of what a job needs in the add-on's preferences."""
    gui.py(f"bpy.context.preferences.addons[{MODULE!r}].preferences.torch_folder = {str(folder)!r}")


def validation_is_read(gui: Gui, timeout: float = 120) -> str:
    """Waits for what the panel says of the validation folder, below which every button stands lower then; returns the
    expression of its summary."""
    found = (f"__import__('{MODULE}.autosimulate_addon.ui.validation', fromlist=['x'])"
             f".found(bpy.path.abspath({SETTINGS}.validation), 'auto')")
    gui.wait(found, timeout)
    time.sleep(0.5)
    gui.py("pass")
    return found


def show_properties(gui: Gui, context: str, active: str, search: str = "") -> None:
    """One tab of the Properties editor, of one object; what is searched for has its panel opened by Blender."""
    gui.py(f"for o in bpy.context.view_layer.objects: o.select_set(o.name == {active!r})\n"
           f"bpy.context.view_layer.objects.active = bpy.data.objects[{active!r}]")
    for _ in range(20):                                 # the editor offers the tab once it was drawn anew
        try:
            gui.py(f"w,a,r=find_area('PROPERTIES'); a.tag_redraw(); a.spaces.active.context={context!r}\n"
                   f"a.spaces.active.search_filter={search!r}")
            break
        except (RuntimeError, TypeError):
            time.sleep(0.3)
    time.sleep(1.0)


def show_light(gui: Gui) -> None:
    """The key light's own properties in the Properties editor."""
    show_properties(gui, "DATA", "Key")


def over_viewport(gui: Gui) -> None:
    """Puts the mouse over the 3D viewport itself, where Ctrl+Z means the scene."""
    x, y, width, height = gui.region(kind="WINDOW")
    gui.move(x + width // 3, y + height // 2)


def over_sidebar(gui: Gui) -> None:
    x, y, width, height = gui.region()
    gui.move(x + width // 2, y + height // 3)


def no_errors(gui: Gui) -> None:
    """Nothing of ours in the console; Cycles looks for a graphics card and warns where there is none."""
    errors = [line for line in gui.log.read_text().splitlines()
              if ("Error" in line or "Traceback" in line) and "WARNING" not in line]
    assert not errors


def same_from_the_command_line(blender: str, run: Path, again: Path) -> None:
    """The same scene, settings and seed, without a window and with nobody meddling: the same psi, to the last digit."""
    arguments = json.loads((run / "window.json").read_text())["arguments"]
    arguments[arguments.index("--output") + 1] = str(again)
    subprocess.run([blender, "-b", str(run / "scene.blend"), "--python-exit-code", "1", "-P",
                    str(RUN), "--", *arguments, "--no-compare"],
                   check=True, capture_output=True, timeout=300)
    ours, theirs = (json.loads((folder / "psi.json").read_text())["factors"] for folder in (run, again))
    assert ours == theirs
