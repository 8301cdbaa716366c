"""The tutorial's page as a new user follows it in the window: from the zip to a network on disk, every click counted.

``headless/docs.sh tutorial [FOLDER]`` runs it, in minutes, in each Blender that is installed, and leaves a picture of
each step in FOLDER. It is no test of the suite, for which it is too long. What is typed, and one key for the sidebar,
are no clicks.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headless import release
from tests.window.conftest import program
from tests.window.gui import Gui
from tests.window.story import JOB, MODULE, SETTINGS, no_errors, use_packages

ROOT = Path(__file__).parents[2]
#: Where windows of Blender's own are put: no window manager does it here.
CORNER = (104, 113)
#: Of the Preferences, in pixels from their corner: their list's entry Add-ons.
ADD_ONS = {"blender": (39, 229), "blender-4.3-torch": (39, 198)}
#: The goal of the tutorial.
CLICKS = 15


class Visitor:
    """Clicks, and counts; takes a picture after each."""

    def __init__(self, gui: Gui, folder: Path, name: str) -> None:
        self.gui, self.folder, self.name, self.clicks = gui, folder, name, []

    def click(self, what: str, x: int, y: int) -> None:
        self.clicks.append(what)
        self.gui.click(x, y)
        self.look(what)

    def button(self, what: str, text: str, **where) -> None:
        self.click(what, *self.gui.find(text, **where))

    def look(self, what: str) -> None:
        time.sleep(2.5)
        self.gui.shot(self.folder / f"{self.name}-{len(self.clicks):02d}-{re.sub(r'[^a-z]+', '-', what.lower())}.png")

    def newest_window(self) -> int:
        """The width of the window that has just opened, put where it is seen whole."""
        time.sleep(3.0)
        window = self._ask("search", "--name", ".").split()[-1]
        self.gui.x("windowmove", window, *CORNER)
        self.gui.x("mousemove", CORNER[0] + 300, CORNER[1] + 300)
        time.sleep(2.0)
        return int(re.search(r"Geometry: (\d+)x", self._ask("getwindowgeometry", window)).group(1))

    def _ask(self, *arguments: str) -> str:
        return subprocess.run(["xdotool", *arguments], env=self.gui.env, capture_output=True, text=True,
                              check=True).stdout

    def type(self, text: str) -> None:
        """Into the field that is being edited, in place of what it holds."""
        time.sleep(0.5)
        self.gui.key("ctrl+a")
        self.gui.type(text)
        self.gui.key("Return")
        time.sleep(1.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with the zip, the room and its photographs, by the page's own commands."""
    folder = Path(os.environ.get("AUTOSIMULATE_TUTORIAL") or tmp_path_factory.mktemp("tutorial"))
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob("*.zip")):
        assert release.main(["--output", str(folder)]) == 0
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8").split("## In the window")[0]
    lines = [shlex.split(line, comments=True) for block in re.findall(r"```bash\n(.*?)```", text, re.S)
             for line in block.splitlines()]
    for words in lines:
        if words[2:3] in (["build"], ["generate"]) and not (folder / words[words.index("--output") + 1]).exists():
            subprocess.run([sys.executable, str(ROOT / "headless/run.py"), *words[2:]], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("command", list(ADD_ONS))
def test_the_tutorial_in_the_window(command, place, job_packages, tmp_path):
    (tmp_path / "user/config").mkdir(parents=True)
    began = time.monotonic()
    with Gui(program(command), [str(place / "room.blend")], (1400, 1050),
             {"BLENDER_USER_RESOURCES": str(tmp_path / "user")}) as gui:
        visitor = Visitor(gui, place, command)
        install(visitor, command, next(place.glob("*.zip")))
        packages(visitor, job_packages(command))
        photographs(visitor, place)
        visitor.button("Optimize Distributions", "bpy.ops.autosimulate.optimize")
        gui.wait(f"{JOB} is not None", timeout=60)
        started = time.monotonic()
        gui.wait(f"{JOB}.state.iteration >= 3 or {JOB}.state.ended", timeout=1500)
        visitor.look("running")
        gui.wait(f"{JOB}.state.ended", timeout=2400)
        ended = time.monotonic()
        assert gui.value(f"{JOB}.state.status") == "done", gui.value(f"{JOB}.state.error")
        gui.find("bpy.ops.autosimulate.keep")
        visitor.look("results")
        network = Path(gui.value(f"bpy.path.abspath({SETTINGS}.run_dir)")) / "network"
        assert (network / "network.json").exists() and list(network.glob("model.*"))
        no_errors(gui)
    print(f"\n{command}: {len(visitor.clicks)} clicks, {(started - began) / 60:.1f} minutes until the run, which took "
          f"{(ended - started) / 60:.1f}; {'; '.join(visitor.clicks)}")
    assert len(visitor.clicks) <= CLICKS


def install(visitor: Visitor, command: str, extension: Path) -> None:
    gui = visitor.gui
    visitor.click("Edit", 80, 14)
    visitor.clicks.append("Preferences")
    gui.key("p")                                        # the entry's underlined letter, for a click on it
    width = visitor.newest_window()
    visitor.click("Add-ons", CORNER[0] + ADD_ONS[command][0], CORNER[1] + ADD_ONS[command][1])
    visitor.click("the arrow", CORNER[0] + width - 21, CORNER[1] + 18)
    visitor.click("Install from Disk", CORNER[0] + width - 92, CORNER[1] + 71)
    width = visitor.newest_window()
    visitor.click("the file's path", CORNER[0] + 579, CORNER[1] + 21)
    gui.move(CORNER[0] + 579, CORNER[1] + 21)
    visitor.type(str(extension))
    visitor.click("Install", CORNER[0] + width - 73, CORNER[1] + 603)
    gui.wait(f"{MODULE!r} in bpy.context.preferences.addons", timeout=60)
    close_windows(gui)


def close_windows(gui: Gui) -> None:
    """Preferences may stay open; to close them is a window manager's button, and none is here."""
    gui.py("for window in list(bpy.context.window_manager.windows)[1:]:\n"
           "    with bpy.context.temp_override(window=window): bpy.ops.wm.window_close()")


def packages(visitor: Visitor, folder: Path) -> None:
    """The tab, and where the packages are that a job needs. (Debian's Blenders have no pip to install them with,
    unless python3-pip is there: Allow Online Access, Install PyTorch and its OK would be one click more.)"""
    gui = visitor.gui
    x, y, width, height = gui.region(kind="WINDOW")
    gui.move(x + width // 3, y + height // 2)
    gui.key("n")
    gui.wait("find_area()[2]['UI'].width > 1", timeout=30)
    time.sleep(3.0)
    x, y, width, _ = gui.region()
    for down in (270, 230, 300, 200, 330):              # where the tab is differs with those of other extensions
        gui.click(x + width - 12, int(down * 1.1))
        if gui.value("find_area()[2]['UI'].active_panel_category") == "AutoSimulate":
            break
    visitor.clicks.append("the tab AutoSimulate")
    time.sleep(4.0)
    visitor.look("tab")
    visitor.button("Use PyTorch From", "bpy.ops.autosimulate.open_preferences")
    time.sleep(3.0)
    visitor.look("preferences")
    visitor.clicks.append("its field")
    use_packages(gui, folder)                           # as if typed into the field
    close_windows(gui)
    status = f"__import__('{MODULE}.autosimulate_addon.ui.torch.status', fromlist=['x'])"
    gui.wait(f"{status}.current().usable", timeout=120)
    visitor.look("usable")


def photographs(visitor: Visitor, place: Path) -> None:
    """The labelled photographs, and those that only the final comparison looks at."""
    gui = visitor.gui
    visitor.button("Validation Data", "autosimulate.validation", across=0.4)
    visitor.type(str(place / "photos/val"))
    gui.wait(f"{SETTINGS}.validation != ''", timeout=20)
    time.sleep(5.0)
    visitor.look("validation")
    x, y = gui.find("bpy.ops.autosimulate.classes_from_validation")
    visitor.click("Test Data", x, y + 34)               # the header of a panel says nothing that could be found
    visitor.button("its folder", "autosimulate.test", across=0.4)
    visitor.type(str(place / "photos/test"))
    gui.wait(f"{SETTINGS}.test != ''", timeout=20)
    visitor.look("test")
