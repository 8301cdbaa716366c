"""The scene builders: complete marks and classes, in a file that opens again, and pictures that show something."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import factors, mark_scene
from autosimulate_addon.blender.scenes import clevr as clevr_scene
from autosimulate_addon.blender.scenes import demo as demo_scene
from autosimulate_addon.blender.scenes import dice, lmo_places, lmo_starts, solids
from autosimulate_addon.blender.scenes import lmo as lmo_scene
from autosimulate_addon.protocol import InputError


def _reopened(path):
    bpy.ops.wm.open_mainfile(filepath=str(path))
    scene = bpy.context.scene
    marks, classes = mark_scene.read(scene)
    return scene, {factor.key: factor for factor in factors.factors_of(marks)}, classes


def _render(scene, path):
    """(height, width, 3) in 0..1 at the size of a run."""
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1, :, :3]


def _set_to_means(scene, plain):
    marks, _ = mark_scene.read(scene)
    for mark in marks:
        if mark.kind == "PROPERTY" and "mean" in plain.get(mark.name, {}) and "Place" not in mark.name:
            for ref in mark.targets:
                paths.set(ref, plain[mark.name]["mean"])


@pytest.mark.parametrize("start", ["narrow", "wide"])
def test_demo_is_complete_in_its_file(tmp_path, start):
    demo_scene.build(tmp_path / "demo.blend", start)
    scene, found, classes = _reopened(tmp_path / "demo.blend")
    learned = {key for key, factor in found.items() if not factor.locked}
    assert learned == set(demo_scene.target()) == set(demo_scene.narrow_start()) == set(demo_scene.wide_start())
    assert classes.names == ("background", "sphere", "cube", "cylinder")
    assert found["Place X"].count == found["Material"].count == 6
    assert {found[key].family for key in learned} == {"lognormal", "normal", "integer", "categorical"}
    start_of = {"narrow": demo_scene.narrow_start, "wide": demo_scene.wide_start}[start]()
    for key, parameters in start_of.items():
        for name, values in parameters.items():
            assert found[key].start[name] == pytest.approx(values, rel=1e-5)
    assert (scene.autosimulate.width, scene.autosimulate.height) == (64, 48)


def test_demo_target_is_valid_psi_and_brighter_than_the_start(tmp_path):
    scene = demo_scene.build()
    marks, _ = mark_scene.read(scene)
    factors.factors_of(marks, demo_scene.target())
    _set_to_means(scene, demo_scene.target())
    bright = _render(scene, tmp_path / "target.png")
    _set_to_means(scene, demo_scene.narrow_start())
    dark = _render(scene, tmp_path / "start.png")
    assert 0.3 < bright.mean() < 0.8
    assert dark.mean() < 0.6 * bright.mean()
    assert (bright > 0.99).all(-1).mean() < 0.1


def test_clevr_uses_the_authors_own_assets(shared_data, tmp_path):
    clevr_scene.build(shared_data / "clevr", tmp_path / "clevr.blend")
    scene, found, classes = _reopened(tmp_path / "clevr.blend")
    learned = {key for key, factor in found.items() if not factor.locked}
    assert learned == set(clevr_scene.target()) == set(clevr_scene.narrow_start()) == set(clevr_scene.wide_start())
    assert classes.names == ("background", "cube", "sphere", "cylinder")
    assert found["Material"].items == ("Rubber", "Metal")
    assert bpy.data.objects["Lamp_Key"].constraints[0].type == "TRACK_TO"
    for members in classes.members.values():
        for made in map(paths.data_block, members):
            corners = [(made.matrix_world @ vertex.co).z for vertex in made.data.vertices]
            assert min(corners) == pytest.approx(0.0, abs=0.02)     # stands on the ground
    _set_to_means(scene, clevr_scene.target())
    assert 0.2 < _render(scene, tmp_path / "clevr.png").mean() < 0.7


def test_lmo_is_complete_in_its_file(shared_data, tmp_path):
    lmo_scene.build(shared_data / "lmo", tmp_path / "lmo.blend")
    scene, found, classes = _reopened(tmp_path / "lmo.blend")
    assert classes.names == ("background", "ape", "can", "cat", "driller", "duck", "eggbox", "glue", "holepuncher")
    assert [classes.ids[name] for name in classes.names] == [0, 16, 80, 96, 128, 144, 160, 176, 192]
    learned = {key for key, factor in found.items() if not factor.locked}
    assert {"Camera Distance", "Camera Tilt", "Object Place X", "Object Yaw", "Window Power", "Window Location",
            "World Strength", "Object Roughness", "Desk Material", "film:exposure", "film:white_balance",
            "film:noise", "film:blur"} <= learned
    depsgraph = bpy.context.evaluated_depsgraph_get()
    for name in lmo_scene.OBJECTS:
        made = bpy.data.objects[name].evaluated_get(depsgraph)
        heights = [(made.matrix_world @ vertex.co).z for vertex in made.data.vertices]
        assert min(heights) == pytest.approx(0.0, abs=1e-4)
        assert 0.05 < max(made.dimensions) < 0.25     # metres
    assert scene.camera.matrix_world.translation.length == pytest.approx(1.05, abs=0.1)
    arrangement = next(mark for mark in mark_scene.read(scene)[0] if mark.name == "Arrangement")
    for ref, place in arrangement.states[7]:
        paths.set(ref, place)
    image = _render(scene, tmp_path / "lmo.png")
    assert 0.1 < image.mean() < 0.7 and image.std() > 0.1


@pytest.mark.parametrize("start", [name for name in lmo_starts.STARTS if name != "expert"])
def test_lmo_begins_where_it_is_told(shared_data, tmp_path, start):
    lmo_scene.build(shared_data / "lmo", tmp_path / "expert.blend")
    expert = _reopened(tmp_path / "expert.blend")[1]
    lmo_scene.build(shared_data / "lmo", tmp_path / "lmo.blend", start)
    found = _reopened(tmp_path / "lmo.blend")[1]
    changed = lmo_starts.STARTS[start]
    for name, factor in found.items():
        for moment in ("mean", "std"):
            if moment in changed.get(name, {}):
                assert factor.start[moment] == pytest.approx(np.broadcast_to(
                    changed[name][moment], len(factor.start[moment])), rel=1e-5)
    assert {name for name, factor in found.items() if not all(
        np.array_equal(factor.start[moment], expert[name].start[moment]) for moment in factor.start)} == set(changed)


def test_lmo_places_is_one_choice_among_54(shared_data, tmp_path):
    lmo_places.build(shared_data / "lmo", tmp_path / "places.blend")
    scene, found, _ = _reopened(tmp_path / "places.blend")
    learned = {key: factor for key, factor in found.items() if not factor.locked and not factor.film}
    assert list(learned) == ["Place"] and np.allclose(learned["Place"].start["p"], 1 / 54)
    mark = next(mark for mark in mark_scene.read(scene)[0] if mark.name == "Place")
    assert len(set(mark.items)) == len(set(mark.states)) == 54
    brightness = {}
    for room in lmo_places.ROOMS:
        for ref, value in mark.states[mark.items.index(f"{room}, slanting, at a metre, fine")]:
            paths.set(ref, value)
        assert scene.camera.matrix_world.translation.length == pytest.approx(1.05, abs=0.1)
        brightness[room] = _render(scene, tmp_path / "places.png").mean()
    dark, office, bright = (brightness[room] for room in ("dark workshop", "office desk", "bright bare table"))
    assert 0.02 < dark < 0.7 * office and 1.2 * office < bright < 0.9


def test_solids_stand_on_the_table_however_they_are_stretched(shared_data, tmp_path):
    solids.build(shared_data / "clevr", tmp_path / "solids.blend")
    scene, found, classes = _reopened(tmp_path / "solids.blend")
    assert classes.names == ("background", "cube", "sphere", "cylinder")
    assert all(found[f"{name} Absent"].count == solids.MOST for name in ("Cube", "Sphere", "Cylinder"))
    for name in classes.names[1:]:
        for made in (bpy.data.objects[f"{name.title()} {number}"] for number in range(1, solids.MOST + 1)):
            made.scale = (1.0, 1.5, 2.0)
            bpy.context.view_layer.update()
            heights = [(made.matrix_world @ vertex.co).z for vertex in made.data.vertices]
            assert min(heights) == pytest.approx(0.0, abs=1e-4)
            assert max(heights) == pytest.approx(4 * solids.HALF, abs=1e-3)
    image = _render(scene, tmp_path / "solids.png")
    assert 0.1 < image.mean() < 0.8 and image.std() > 0.1


def test_dice_lie_on_the_table_and_show_their_pips(tmp_path):
    dice.build(tmp_path / "dice.blend")
    scene, found, classes = _reopened(tmp_path / "dice.blend")
    assert classes.names == ("background", "die") and found["Dice Absent"].count == dice.MOST
    camera = scene.camera
    bpy.data.objects["Elevation"].rotation_euler.x = 0.0          # from straight above
    camera.location.z = 0.1
    for number in range(1, dice.MOST + 1):
        made = bpy.data.objects[f"Die {number}"]
        heights = [(made.matrix_world @ vertex.co).z for vertex in made.data.vertices]
        assert min(heights) == pytest.approx(0.0, abs=1e-4) and max(heights) == pytest.approx(2 * dice.HALF, abs=1e-4)
        # What is on top and what is below sum to seven, and a pip is ten triangles' corners.
        pips = [face for face in made.data.polygons if face.material_index == 1]
        top, below = (sum(sign * face.normal.z > 0.9 for face in pips) for sign in (1, -1))
        assert len(pips) == 21 and (top, below) == ((number - 1) % 6 + 1, 7 - ((number - 1) % 6 + 1))
        made.color = (0.5, 0.02, 0.02, 1.0)
        made.parent.location = (0.0, 0.0, 0.0) if number == 6 else (9.0, 0.0, 0.0)
    image = _render(scene, tmp_path / "dice.png")
    height, width = image.shape[:2]
    middle = image[2 * height // 5:3 * height // 5, 2 * width // 5:3 * width // 5]
    assert (middle.min(-1) > 0.3).mean() > 0.1 and (middle[..., 0] > 2.0 * middle[..., 1]).mean() > 0.3     # white, red


@pytest.mark.parametrize("build", [clevr_scene.build, lmo_scene.build, lmo_places.build, solids.build])
def test_missing_data_is_named(build, tmp_path):
    with pytest.raises(InputError, match="is missing"):
        build(tmp_path)


def test_an_output_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        demo_scene.build(tmp_path / "file" / "demo.blend")
