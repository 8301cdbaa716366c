"""A world out of the Asset Browser: marked by a right-click on its name, chosen among assets, drawn: real clicks."""

from __future__ import annotations

import subprocess
import sys

from tests.window.story import SETTINGS, install, no_errors, show_properties

_CATALOGUE = """
import bpy
for name, color in (("Dawn", (1, 1, 0, 1)), ("Dusk", (1, 0, 1, 1))):
    world = bpy.data.worlds.new(name)
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = color
    world.asset_mark()
bpy.ops.wm.save_as_mainfile(filepath={path!r})
"""
#: The lower half of the 3D view becomes an Asset Browser of the catalogue.
_BROWSER = """
bpy.context.preferences.filepaths.asset_libraries.new(name="Catalogue", directory={folder!r})
window, area, regions = find_area()
before = {{each.as_pointer() for each in window.screen.areas}}
with bpy.context.temp_override(window=window, area=area, region=regions["WINDOW"]):
    bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.3)
next(each for each in window.screen.areas if each.as_pointer() not in before).ui_type = "ASSETS"
"""
ITEMS = f"[item.id.name for item in {SETTINGS}.marks[0].items]"


def test_a_world_out_of_the_asset_browser(window, extension, tmp_path):
    (tmp_path / "catalogue").mkdir()
    path = tmp_path / "catalogue/sky.blend"
    subprocess.run([sys.executable, "-c", _CATALOGUE.format(path=str(path))], check=True, timeout=120)
    story = window("blender", "choices")
    gui = story.gui
    install(story, extension)
    show_properties(gui, "WORLD", "Large Cube")
    x, y, width, _ = gui.region("PROPERTIES", "WINDOW")
    gui.click(x + width // 2, y + 52, button=3)             # the field with the world's name
    gui.key("End", "Up")
    story.shot("world")
    gui.key("Return")
    gui.wait(f"len({SETTINGS}.marks) == 1 and {SETTINGS}.marks[0].targets[0].path == 'world'", timeout=10)

    gui.py(_BROWSER.format(folder=str(path.parent)))
    gui.py("a = find_area('FILE_BROWSER')[1]; a.spaces.active.params.asset_library_reference = 'Catalogue'")
    gui.wait("len(find_area('FILE_BROWSER')[2]) > 0")
    x, y, *_ = gui.region("FILE_BROWSER", "WINDOW")
    story.shot("browser")
    gui.click(x + 50, y + 60)                               # Dawn
    gui.x("keydown", "ctrl")
    gui.click(x + 160, y + 60)                              # and Dusk
    gui.x("keyup", "ctrl")
    gui.click(x + 160, y + 60, button=3)
    gui.key("End")
    story.shot("menu")
    gui.key("Return")
    gui.wait(f"{ITEMS} == ['World', 'Dawn', 'Dusk']", timeout=20)
    gui.find("autosimulate.choice_add_assets")
    story.shot("choices")
    seen = {gui.value(f"(bpy.ops.autosimulate.draw_sample(seed={seed}), bpy.context.scene.world.name)[1]").split()[-1]
            for seed in range(12)}
    assert seen == {"World", "Dawn", "Dusk"} and gui.value("[w.library for w in bpy.data.worlds]") == str([None] * 3)
    no_errors(gui)
