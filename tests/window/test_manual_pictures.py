"""The manual from the window: F1 opens a panel's page, and each page's picture is taken here.

``headless/docs.sh pictures`` keeps the pictures. Otherwise they go to a temporary folder, those of a run are left out,
which takes minutes, and the test says whether each page's can still be made.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headless import release
from tests.window.conftest import program
from tests.window.gui import Gui
from tests.window.story import JOB, MODULE, SETTINGS, show_light, use_packages

ROOT = Path(__file__).parents[2]
#: Where the pictures are kept, if they are.
KEPT = os.environ.get("AUTOSIMULATE_MANUAL_PICTURES", "")
#: Larger than this no picture of the manual is.
LARGEST = 60_000
#: Panels at the root of the tab, by the picture that shows one of them alone.
PANELS = {"learnables": "learnables", "labels": "labels", "validation": "validation", "network": "network",
          "optimize": "optimize"}

_SCENE = """
import sys; sys.path.insert(0, {root!r})
import bpy
from autosimulate_addon.blender.marks import properties
properties.ensure_registered()
from autosimulate_addon.blender.scenes import demo
demo.build()
settings = bpy.context.scene.autosimulate
settings.width, settings.height, settings.iterations, settings.images = 64, 48, 4, 8
bpy.ops.wm.save_as_mainfile(filepath={blend!r})
"""
#: Only the panel ``only`` and what is below it there ("": all); those of settings open that are closed at first.
_ONLY = """
import sys
ui = sys.modules[{module!r} + ".autosimulate_addon.ui"]
panels = [cls for cls in ui._CLASSES if issubclass(cls, bpy.types.Panel) and cls.__name__ != "AUTOSIMULATE_PT_presets"]
only = {only!r} and "AUTOSIMULATE_PT_" + {only!r}
for cls in reversed(panels):
    if cls.is_registered:
        bpy.utils.unregister_class(cls)
shown = {{only}}
for cls in panels:
    parent = getattr(cls, "bl_parent_id", "")
    if parent != "AUTOSIMULATE_PT_results":
        cls.bl_options = set(getattr(cls, "bl_options", ())) - {{"DEFAULT_CLOSED"}}
    if not only or cls.__name__ in shown or parent in shown:
        shown.add(cls.__name__)
        bpy.utils.register_class(cls)
find_area()[1].tag_redraw()
"""
#: Behind the tab nothing but one dark colour, so that it can be told where the panels end.
_PLAIN = """
view = find_area()[1].spaces.active
view.shading.type, view.shading.background_type = "SOLID", "VIEWPORT"
view.shading.background_color = (0.0, 0.0, 0.0)
view.overlay.show_overlays = view.show_gizmo = view.show_region_toolbar = False
view.region_3d.view_location.z = 1e5
for thing in bpy.context.view_layer.objects:
    thing.select_set(thing.type == "MESH")
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    folder = Path(KEPT or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    """The demo, with photographs to match: rendered from its hidden target."""
    folder = tmp_path_factory.mktemp("manual")
    blend = folder / "room.blend"
    subprocess.run([sys.executable, "-c", _SCENE.format(root=str(ROOT), blend=str(blend))], check=True, timeout=120)
    subprocess.run([sys.executable, str(ROOT / "headless" / "run.py"), "build", "demo", "--start", "target", "--output",
                    str(folder / "target.blend")], check=True, timeout=120)
    subprocess.run([sys.executable, str(ROOT / "headless" / "run.py"), "generate", "--scene",
                    str(folder / "target.blend"), "--count", "16", "--width", "64", "--height", "48", "--seed", "7",
                    "--output", str(folder / "photos")], check=True, timeout=240)
    return blend


@pytest.fixture
def gui(tmp_path) -> Iterator[Gui]:
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" >> {tmp_path / 'opened'}\n")
    browser.chmod(0o755)
    (tmp_path / "user/config").mkdir(parents=True)
    found = Gui(program("blender"), [], (1100, 1600), {"BLENDER_USER_RESOURCES": str(tmp_path / "user"),
                                                       "BROWSER": str(browser)})
    yield found
    found.quit()


class Album:
    """Takes pictures of regions."""

    def __init__(self, gui: Gui, folder: Path) -> None:
        self.gui, self.folder, self.taken = gui, folder, []

    def panel(self, name: str, only: str) -> None:
        """The tab with one panel and those below it, cut where they end."""
        self.gui.py(_ONLY.format(module=MODULE, only=only))
        self.gui.scroll(-60)
        self.region(name, "VIEW_3D", "UI")

    def region(self, name: str, area: str, kind: str) -> None:
        x, y, width, height = self.gui.region(area, kind)
        self.cut(name, (x, y, x + width - (22 if kind == "UI" else 0), y + height))

    def cut(self, name: str, box: tuple[int, int, int, int]) -> None:
        self.gui.x("mousemove", 3, self.gui.size[1] // 2)          # nothing is lit up under it
        time.sleep(0.8)
        whole = self.folder / "whole.png"
        self.gui.shot(whole)
        with Image.open(whole) as screen:
            image = screen.convert("RGB").crop(box)
        whole.unlink()
        image = image.crop((0, 0, image.width, _end(image)))
        path = self.folder / f"{name}.png"
        image.quantize(96).save(path, optimize=True)
        self.taken.append(path)
        assert path.stat().st_size < LARGEST and image.height > 40, (path, image.size)


def _end(image: Image.Image) -> int:
    """The row where the panels end: they are lighter than what lies behind them."""
    rows = np.asarray(image.convert("L")).max(1)
    return min(image.height, int(np.flatnonzero(rows > rows[-1] + 8).max()) + 8)


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """The zip with the manual inside."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    folder = tmp_path_factory.mktemp("released")
    assert release.main(["--output", str(folder)]) == 0
    return next(folder.glob("*.zip"))


def test_f1_opens_pages_and_every_panel_has_its_picture(gui, pictures, scene, released, job_packages, tmp_path):
    folder = job_packages("blender")
    gui.py(f"bpy.ops.wm.open_mainfile(filepath={str(scene)!r})")
    gui.py(f"bpy.ops.extensions.package_install_files(filepath={str(released)!r}, repo='user_default', "
           "enable_on_install=True)")
    gui.wait(f"{MODULE!r} in bpy.context.preferences.addons")
    use_packages(gui, folder)
    gui.py(_ONLY.format(module=MODULE, only=""))
    gui.tab("AutoSimulate")
    album = Album(gui, pictures)

    gui.move(*gui.find("autosimulate.mark_common", across=0.5))
    gui.key("F1")
    gui.wait(f"__import__('os').path.exists({str(tmp_path / 'opened')!r})", timeout=20)
    opened = (tmp_path / "opened").read_text().strip()
    assert opened.endswith("/autosimulate/manual/window/learnables.html") and Path(opened.removeprefix("file://")).exists()

    right_click(album)
    gui.py(_PLAIN)
    gui.py(f"{SETTINGS}.validation = '//photos'; {SETTINGS}.active_mark = 0; bpy.ops.wm.save_mainfile()")
    gui.py("bpy.ops.autosimulate.check_validation()")
    module = f"__import__('{MODULE}.autosimulate_addon.ui.validation', fromlist=['x'])"
    gui.wait(f"{module}.found(bpy.path.abspath({SETTINGS}.validation), 'auto')", timeout=60)
    for name, only in PANELS.items():
        album.panel(name, only)

    if KEPT:
        of_a_run(album)
    preferences(album)
    shown = {path.stem for path in album.taken} | (set() if KEPT else {"running", "results"})
    missing = {name for page in (ROOT / "docs").rglob("*.md")
               for name in re.findall(r"images/(\w+)\.png", page.read_text(encoding="utf-8"))} - shown
    assert not missing, f"no picture is taken of {missing}, which the manual shows"


def of_a_run(album: Album) -> None:
    """The panel while it runs, and what it found."""
    gui = album.gui
    gui.py("bpy.ops.autosimulate.optimize()")
    gui.wait(f"{JOB} is not None and {JOB}.state.iteration >= 2", timeout=900)
    album.panel("running", "optimize")
    gui.wait(f"{JOB}.state.ended", timeout=900)
    assert gui.value(f"{JOB}.state.status") == "done", gui.value(f"{JOB}.state.error")
    album.panel("results", "results")


def right_click(album: Album) -> None:
    """The context menu of a property that is not marked yet."""
    gui = album.gui
    gui.py(f"{SETTINGS}.marks.remove(0)")
    show_light(gui)
    x, y = gui.find("energy", across=0.75, area="PROPERTIES", kind="WINDOW")
    gui.click(x, y, button=3)
    gui.key("End", "Up")
    time.sleep(0.8)
    whole = album.folder / "right-click.png"
    gui.shot(whole)
    with Image.open(whole) as screen:
        width, height = screen.size
        part = screen.convert("RGB").crop((width - 300, max(0, y - 90), width, min(height, y + 330)))
    part.quantize(96).save(whole, optimize=True)
    album.taken.append(whole)
    gui.key("Escape")
    gui.py("bpy.ops.wm.revert_mainfile()")
    gui.tab("AutoSimulate")


def preferences(album: Album) -> None:
    """The add-on's preferences in their own window, as a Blender shows them that has PyTorch of its own."""
    gui = album.gui
    gui.py(f"bpy.context.preferences.addons[{MODULE!r}].preferences.torch_folder = ''")
    gui.py(f"bpy.ops.preferences.addon_show(module={MODULE!r})")
    time.sleep(2.0)
    gui.py("for area in bpy.context.window_manager.windows[-1].screen.areas: area.tag_redraw()")
    time.sleep(1.5)
    x, y, width, height = map(int, gui.value(
        "' '.join(str(v) for w in [bpy.context.window_manager.windows[-1]] for v in (w.x, w.y, w.width, w.height))"
    ).split())
    top = gui.size[1] - y - height          # without Blender's own list, and where this Blender's files are
    album.cut("preferences", (x + width // 5, top + height * 2 // 5, x + width, top + height * 9 // 10))
