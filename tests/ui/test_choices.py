"""Choices among data-blocks through the operators: marked, added from the file and from assets, drawn."""

from __future__ import annotations

import bpy

from autosimulate_addon.blender.marks import mark_scene
from autosimulate_addon.ui import panel_data
from autosimulate_addon.ui.operators import mark as mark_operators
from tests.ui.test_marking import sentence

ops = bpy.ops.autosimulate


def names(scene) -> list[str]:
    return [item.name for item in scene.autosimulate.marks[0].items]


def test_the_name_that_blender_shows_stands_for_what_points_to_it(scene):
    cube = scene.objects["Cube"]
    context = type("Context", (), {"scene": scene, "object": cube})
    for block, path in ((scene.world, "world"), (cube.active_material, "material_slots[0].material"),
                        (cube.data, "data"), (cube, "name")):
        context.button_pointer, context.button_prop = block, block.bl_rna.properties["name"]
        assert mark_operators.property_under_mouse(context).path == path


def test_a_world_alone_waits_for_choices_of_the_file_and_of_assets(scene, tmp_path):
    dusk = bpy.data.worlds.new("Dusk")
    dusk.asset_mark()
    bpy.data.libraries.write(str(tmp_path / "sky.blend"), {dusk})
    bpy.data.worlds.remove(dusk)
    ops.mark(data="scenes['Scene']", path="world")
    row = panel_data.refresh(scene).rows["Scene World"]
    assert row.chooses == "worlds" and "at least two choices" in row.problem
    assert "choices already" in sentence(lambda: ops.choice_add_block())
    assert "Select assets" in sentence(ops.choice_add_assets)
    ops.choice_add_file(filepath=str(tmp_path / "sky.blend"))
    bpy.data.worlds.new("Night")
    ops.choice_add_block(block="Night")
    assert names(scene) == ["World", "Dusk", "Night"] and not panel_data.refresh(scene).rows["Scene World"].problem
    assert "no file" in sentence(lambda: ops.choice_add_file(filepath=str(tmp_path / "none.blend")))
    seen = {(ops.draw_sample(seed=seed), scene.world.name)[1] for seed in range(12)}
    assert seen == {"World", "Dusk", "Night"}
    ops.choice_remove(index=0)
    assert mark_scene.read(scene)[0][0].items == ("Dusk", "Night")
    ops.mark_common(what="LIGHTS")
    assert "does not choose among data-blocks" in sentence(lambda: ops.choice_add_block())
