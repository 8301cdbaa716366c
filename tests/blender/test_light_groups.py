"""Which marks split the image by light, and whether other values can be mixed from it."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.mark import Mark
from autosimulate_addon.blender.paths import parse
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from tests.blender import checks, scenes
from tests.blender.scenes import KEY, mark

BACKGROUND = 'node_tree.nodes["Background"].inputs["Strength"].default_value'
EMISSION = 'node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value'


def test_a_remix_equals_a_real_render():
    checks.check_remix()


def test_the_layers_add_up_to_the_image():
    checks.check_layers_add_up()


def layers_for(scene, *marks):
    session = RenderSession(scene, list(marks), scenes.classes(), RenderSettings(32, 24))
    return {layer.name: [(driver.factor, driver.element) for driver in layer.drivers] for layer in session.layers}


def scene_with_lamps():
    scene = scenes.start()
    glow = scenes.material("Glow")
    glow.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value = 1.0
    scenes.box("Bulb", (0, 0, 1), wear=glow)
    for name in ("A", "B"):
        scenes.light(name, (3, -4, 5))
    second = bpy.data.objects.new("A again", bpy.data.lights["A"])
    scene.collection.objects.link(second)
    return scene


def test_which_marks_drive_layers():
    scene = scene_with_lamps()
    energy = mark("energy", ["lights['A']", "lights['B']"], "energy")
    assert layers_for(scene, energy) == {"lights['A']": [("energy", 0)], "lights['B']": [("energy", 1)], "rest": []}
    colour = mark("colour", "lights['B']", "color")
    assert layers_for(scene, energy, colour)["lights['B']"] == [("energy", 1), ("colour", 0)]
    assert layers_for(scene, mark("w", "worlds['World']", BACKGROUND)) == {"worlds['World']": [("w", 0)], "rest": []}
    assert layers_for(scene, mark("g", "materials['Glow']", EMISSION)) == {"materials['Glow']": [("g", 0)], "rest": []}
    bounded = mark("b", "lights['A']", "energy", family="bounded", low=(1.0,), high=(9.0,))
    assert layers_for(scene, bounded) == {"lights['A']": [("b", 0)], "rest": []}


def test_marks_that_need_a_render():
    scene = scene_with_lamps()
    for other in (mark("m", "lights['A']", "color[1]"), mark("m", "lights['A']", "shadow_soft_size"),
                  mark("m", "objects['A']", "location"), mark("m", "lights['A']", "use_shadow"),
                  complete(Mark("film:exposure", "FILM")), mark("m", "scenes['Scene']", "view_settings.exposure")):
        assert layers_for(scene, other) == {"rest": []}, other
    bpy.data.lights.new("Unused", "POINT")
    both = mark("m", ["lights['A']", "lights['Unused']"], "energy")     # all values drive layers, or none do
    assert layers_for(scene, both) == {"rest": []}


def test_emission_that_cannot_be_told_apart_needs_a_render():
    scene = scene_with_lamps()
    glow, other = bpy.data.materials["Glow"], scenes.material("Other")
    mine = mark("g", "materials['Glow']", EMISSION)
    theirs = mark("o", "materials['Other']", EMISSION)
    bulb = bpy.data.objects["Bulb"]
    bulb.data.materials.append(other)
    assert "materials['Glow']" in layers_for(scene, mine)               # the other one is dark
    other.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value = 1.0
    assert layers_for(scene, mine) == {"rest": []}                      # one object shines in two ways
    assert layers_for(scene, mine, theirs) == {"rest": []}
    bulb.data.materials.pop(index=1)
    choice = complete(Mark("worn", "MATERIAL", (parse("objects['Bulb']", ""),), items=("Glow", "Other")))
    assert layers_for(scene, mine, choice) == {"rest": []}              # ... or may come to
    second = glow.node_tree.nodes.new("ShaderNodeEmission")
    assert layers_for(scene, mine) == {"rest": []}
    glow.node_tree.nodes.remove(second)
    texture = glow.node_tree.nodes.new("ShaderNodeTexNoise")
    glow.node_tree.links.new(texture.outputs[0], glow.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"])
    assert layers_for(scene, mine) == {"rest": []}                      # the value is not heard


def test_a_world_that_mixes_two_backgrounds_needs_a_render():
    scene = scenes.start()
    tree = scene.world.node_tree
    add, other = tree.nodes.new("ShaderNodeAddShader"), tree.nodes.new("ShaderNodeBackground")
    tree.links.new(tree.nodes["Background"].outputs[0], add.inputs[0])
    tree.links.new(other.outputs[0], add.inputs[1])
    tree.links.new(add.outputs[0], tree.nodes["World Output"].inputs["Surface"])
    assert layers_for(scene, mark("w", "worlds['World']", BACKGROUND)) == {"rest": []}


def test_gamma_is_not_linear_and_acts_on_the_whole_image():
    scene = scene_with_lamps()
    energy = mark("energy", "lights['A']", "energy")
    gamma = mark("gamma", "scenes['Scene']", "view_settings.gamma", family="bounded", low=(0.5,), high=(2.0,))
    assert layers_for(scene, energy, gamma) == {"rest": []}
    draw = {"energy": np.array([[300.0]]), "gamma": np.array([[1.0]])}
    plain = scenes.combined(scenes.render(scene, marks=[energy, gamma], draw=draw))
    lifted = scenes.combined(scenes.render(scene, marks=[energy, gamma], draw=draw | {"gamma": np.array([[2.0]])}))
    inside = (plain > 0.01) & (plain < 0.9)
    assert inside.mean() > 0.5 and (lifted[inside] > plain[inside]).all()


def test_exposure_of_the_scene_is_in_the_image():
    scene = scene_with_lamps()
    plain = scenes.combined(scenes.render(scene))
    scene.view_settings.exposure = 1.0
    np.testing.assert_allclose(scenes.combined(scenes.render(scene)), 2 * plain, rtol=2e-3)


def test_a_light_drawn_as_zero_can_still_be_made_brighter():
    scene = scene_with_lamps()
    energy = mark("energy", ["lights['A']", "lights['B']"], "energy")
    with RenderSession(scene, [energy], scenes.classes(), RenderSettings(32, 24, samples=64)) as session:
        dark = session.render({"energy": np.array([[0.0], [500.0]])}, KEY)
        bright = session.render({"energy": np.array([[500.0], [500.0]])}, KEY._replace(sample=1))
        np.testing.assert_array_equal(dark.draw["energy"], [[0.0], [500.0]])
        assert (dark.reference > 0).all()
        mixed = checks.remix(dark, session.layers, bright.draw)
        black = checks.remix(dark, session.layers, dark.draw)
    truth = scenes.combined(bright)
    assert abs(mixed.mean() - truth.mean()) < 0.03 * truth.mean()
    assert black.mean() < 0.97 * mixed.mean()


def test_many_groups_and_the_users_own():
    scene = scenes.start()
    scenes.sphere("Ball")
    layer = scene.view_layers[0]
    layer.lightgroups.add(name="asim0")         # a name that we would have taken
    names = [f"Lamp{number}" for number in range(24)]
    for number, name in enumerate(names):
        scenes.light(name, (np.cos(number) * 5, np.sin(number) * 5, 3), 50.0).lightgroup = "asim0"
    energy = mark("energy", [f"lights['{name}']" for name in names], "energy")
    draw = {"energy": np.full((24, 1), 50.0)}
    result = scenes.render(scene, marks=[energy], draw=draw)
    assert result.layers.shape[0] == 25
    assert all(pixels.max() > 0 for pixels in result.layers[:24].astype(float))
    whole = scenes.render(scene, marks=[energy], draw=draw, relight=False)
    np.testing.assert_allclose(scenes.combined(result), scenes.combined(whole), rtol=1e-2, atol=5e-3)
    assert [group.name for group in layer.lightgroups] == ["asim0"]
    assert {bpy.data.objects[name].lightgroup for name in names} == {"asim0"}


@pytest.mark.parametrize("relight", [True, False])
def test_the_engine_without_light_groups(relight):
    """EEVEE has none: everything is one layer."""
    scene = scene_with_lamps()
    session = RenderSession(scene, [mark("energy", "lights['A']", "energy")], scenes.classes(),
                            RenderSettings(32, 24, relight=relight, engine="EEVEE"))
    assert [layer.name for layer in session.layers] == ["rest"]
