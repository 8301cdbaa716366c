"""psi as custom properties: round trips through files, metadata, and damaged values."""

import math

import bpy
import pytest

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import mark_scene, psi_properties
from autosimulate_addon.blender.marks.mark import Mark
from autosimulate_addon.protocol import InputError
from tests.blender.marking import roughness_path, start_of, startup_scene


@pytest.fixture
def scene():
    made = startup_scene()
    bpy.data.materials.new("Other")
    cube, light = bpy.data.objects["Cube"], bpy.data.lights["Light"]
    second = bpy.data.objects.new("Second", cube.data)
    made.collection.objects.link(second)
    samples = paths.ref_to(made, "cycles.samples")
    mark_scene.add_mark(made, Mark("Energy", targets=(paths.ref_to(light, "energy"),)))
    both = (paths.ref_to(cube, "location"), paths.ref_to(second, "location"))
    mark_scene.add_mark(made, Mark("Places", targets=both))
    mark_scene.add_mark(made, Mark("Yaw", targets=(paths.ref_to(cube, "rotation_euler", 2),)))
    mark_scene.add_mark(made, Mark("Bounces", targets=(paths.ref_to(made, "cycles.max_bounces"),)))
    material = bpy.data.materials["Material"]
    mark_scene.add_mark(made, Mark("Roughness", targets=(paths.ref_to(material, roughness_path(material)),)))
    mark_scene.add_mark(made, Mark("Wear", "MATERIAL", (paths.ref_to(cube),), items=("Material", "Other")))
    mark_scene.add_mark(made, Mark("Quality", "STATE", items=("a", "b"), states=(((samples, 1),), ((samples, 9),))))
    mark_scene.add_mark(made, Mark("film:exposure", "FILM"))
    return made


def _written(scene):
    marks, _ = mark_scene.read(scene)
    plain = start_of(marks)
    plain["Energy"] = {"mean": [123.5], "std": [4.25]}
    plain["Wear"] = {"p": [0.125, 0.875]}
    psi_properties.write(scene, marks, plain)
    return marks, plain


def test_psi_lies_on_the_owners_under_the_documented_names(scene):
    _written(scene)
    light, cube = bpy.data.lights["Light"], bpy.data.objects["Cube"]
    assert (light["psi.energy.mean"], light["psi.energy.std"]) == (123.5, 4.25)
    assert len(cube["psi.location.mean"]) == 3
    assert cube["psi.location.std"].to_list() == bpy.data.objects["Second"]["psi.location.std"].to_list()
    assert "psi.rotation_euler[2].mean" in cube
    assert cube["psi.material.p"].to_list() == [0.125, 0.875]
    assert len(scene["psi.cycles.max_bounces.p"]) == 6
    assert {"psi.Quality.p", "psi.film.exposure.mean", "psi.film.exposure.std"} <= set(scene.keys())


def test_description_limits_and_units(scene):
    _written(scene)
    energy = bpy.data.lights["Light"].id_properties_ui("psi.energy.mean").as_dict()
    assert "in W" in energy["description"] and energy["subtype"] == "POWER"
    assert bpy.data.lights["Light"].id_properties_ui("psi.energy.std").as_dict()["min"] == 0.0
    shares = scene.id_properties_ui("psi.cycles.max_bounces.p").as_dict()
    assert (shares["min"], shares["max"]) == (0.0, 1.0)
    assert "0, 1, 2, 4, 8, 12" in shares["description"]
    assert bpy.data.objects["Cube"].id_properties_ui("psi.location.mean").as_dict()["subtype"] == "DISTANCE"


def test_round_trip_through_a_saved_file(scene, tmp_path):
    _, plain = _written(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "psi.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "psi.blend"))
    marks, _ = mark_scene.read(bpy.context.scene)
    assert psi_properties.read(bpy.context.scene, marks) == plain


def test_round_trip_through_append(scene, tmp_path):
    _, plain = _written(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "psi.blend"))
    other = startup_scene()
    for name in ("Cube", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.data.lights.remove(bpy.data.lights["Light"])
    with bpy.data.libraries.load(str(tmp_path / "psi.blend"), link=False) as (_, wanted):
        wanted.objects = ["Cube", "Second", "Light"]
    for made in wanted.objects:
        other.collection.objects.link(made)
    mark_scene.add_mark(other, Mark("Energy", targets=(paths.parse("lights['Light']", "energy"),)))
    mark_scene.add_mark(other, Mark("Places", targets=tuple(paths.ref_to(made, "location")
                                                            for made in wanted.objects[:2])))
    found = psi_properties.read(other, mark_scene.read(other)[0])
    assert found == {"Energy": plain["Energy"], "Places": plain["Places"]}


def test_only_what_is_there_is_read_and_remove_leaves_nothing(scene):
    marks, plain = _written(scene)
    psi_properties.remove(scene, [mark for mark in marks if mark.name == "Energy"])
    assert set(psi_properties.read(scene, marks)) == set(plain) - {"Energy"}
    psi_properties.remove(scene, marks)
    assert psi_properties.read(scene, marks) == {}
    owners = [scene, *bpy.data.objects, *bpy.data.lights, *bpy.data.materials]
    assert not [key for owner in owners for key, _value in owner.items() if key.startswith("psi.")]


def test_long_paths_get_short_keys_that_differ():
    long = 'node_tree.nodes["A very long name of a node group, wörds"].inputs[{}].default_value'
    keys = [psi_properties.property_key(long.format(number), parameter)
            for number in range(12) for parameter in ("mean", "std")]
    assert len(set(keys)) == len(keys)
    assert all(len(key.encode()) <= 63 and key.startswith("psi.node_tree") for key in keys)
    assert keys[0].endswith(".mean") and keys[1].endswith(".std")


def _light(key, value):
    def damage(scene):
        bpy.data.lights["Light"][f"psi.energy.{key}"] = value
    return damage


def _scene(key, value):
    def damage(scene):
        scene[key] = value
    return damage


def _delete_std(scene):
    del bpy.data.lights["Light"]["psi.energy.std"]


def _disagree(scene):
    bpy.data.objects["Second"]["psi.location.mean"] = [9.0, 9.0, 9.0]


@pytest.mark.parametrize(("damage", "text"), [
    (_light("mean", math.nan), "lights['Light']['psi.energy.mean'] is nan"),
    (_light("std", math.inf), "is inf"),
    (_light("std", -1.0), "must be above 0"),
    (_light("std", 0.0), "must be above 0"),
    (_light("mean", -5.0), "mean above 0"),
    (_light("mean", "bright"), "is not a number"),
    (_light("mean", [1.0, 2.0]), "mean has 2 numbers"),
    (_delete_std, "the std that belongs to it is not"),
    (_disagree, "share one distribution"),
    (_scene("psi.cycles.max_bounces.p", [0.1] * 6), "sum to 0.6"),
    (_scene("psi.cycles.max_bounces.p", [0.5, 0.5]), "2 probabilities for 6 choices"),
    (_scene("psi.cycles.max_bounces.p", [1.2, -0.2, 0.0, 0.0, 0.0, 0.0]), "each must be from 0 to 1"),
    (_scene("psi.film.exposure.mean", 50.0), "outside of the limits"),
])
def test_damaged_values_are_named_with_the_mend(scene, damage, text):
    marks, _ = _written(scene)
    damage(scene)
    with pytest.raises(InputError) as caught:
        psi_properties.read(scene, marks)
    assert text in str(caught.value)
    assert "delete" in str(caught.value)


def test_nothing_is_written_when_one_value_is_no_psi(scene):
    marks, _ = mark_scene.read(scene)
    plain = start_of(marks)
    plain["film:exposure"] = {"mean": [0.0], "std": [math.nan]}
    with pytest.raises(InputError):
        psi_properties.write(scene, marks, plain)
    assert psi_properties.read(scene, marks) == {}
