"""Properties by name: every kind of property, and one sentence for each way in which it cannot work."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import compat, drawable, paths, property_info
from autosimulate_addon.blender.paths import PropertyRef, parse
from autosimulate_addon.protocol import InputError
from tests.blender import scenes


@pytest.fixture
def scene():
    made = scenes.start()
    thing = scenes.box("Box", wear=scenes.material('We "ird\\.name'))
    thing["number"], thing["whole"], thing["flag"], thing["many"] = 1.5, 3, True, [1.0, 2.0]
    scenes.light("Lamp", (0, -3, 3))
    thing.modifiers.new("Nodes", "NODES").node_group = input_group()
    return made


def input_group():
    group = bpy.data.node_groups.new("Group", "GeometryNodeTree")
    for name, kind in (("Amount", "Float"), ("Steps", "Int"), ("Offset", "Vector")):
        group.interface.new_socket(name, in_out="INPUT", socket_type=f"NodeSocket{kind}")
    group.interface.items_tree["Amount"].max_value = 3.0
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    return group


WEIRD = "materials['We \"ird\\\\.name']"
ROUGHNESS = 'node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value'


@pytest.mark.parametrize("data, path, kind, size, value", [
    ("lights['Lamp']", "energy", "FLOAT", 1, [123.5]),
    ("lights['Lamp']", "color", "FLOAT", 3, [0.25, 0.5, 1.0]),
    ("lights['Lamp']", "color[1]", "FLOAT", 1, [0.125]),
    ("lights['Lamp']", "use_shadow", "BOOLEAN", 1, [False]),
    ("lights['Lamp']", "type", "ENUM", 1, ["SUN"]),
    ("objects['Box']", "location[2]", "FLOAT", 1, [4.0]),
    ("objects['Box']", "rotation_quaternion", "FLOAT", 4, [0.5, 0.5, 0.5, 0.5]),
    ("objects['Box']", "hide_render", "BOOLEAN", 1, [True]),
    ("objects['Box']", '["number"]', "FLOAT", 1, [-2.5]),
    ("objects['Box']", '["whole"]', "INT", 1, [7]),
    ("objects['Box']", '["flag"]', "BOOLEAN", 1, [False]),
    ("objects['Box']", '["many"]', "FLOAT", 2, [3.0, 4.0]),
    ("objects['Box']", '["many"][1]', "FLOAT", 1, [8.0]),
    ("objects['Box']", 'modifiers["Nodes"]["Socket_0"]', "FLOAT", 1, [2.5]),
    ("objects['Box']", 'modifiers["Nodes"].properties.inputs.Socket_0.value', "FLOAT", 1, [2.5]),
    ("objects['Box']", 'modifiers["Nodes"]["Socket_1"]', "INT", 1, [5]),
    ("objects['Box']", 'modifiers["Nodes"]["Socket_2"]', "FLOAT", 3, [1.0, 2.0, 3.0]),
    ("objects['Box']", 'modifiers["Nodes"]["Socket_2"][1]', "FLOAT", 1, [9.0]),
    ("scenes['Scene']", "cycles.max_bounces", "INT", 1, [3]),
    ("scenes['Scene']", "view_settings.exposure", "FLOAT", 1, [1.5]),
    ("scenes['Scene']", "view_settings.view_transform", "ENUM", 1, ["Standard"]),
    ("worlds['World']", 'node_tree.nodes["Background"].inputs[0].default_value', "FLOAT", 4, [0.5, 0.25, 0, 1]),
    ("worlds['World']", 'node_tree.nodes["Background"].inputs[1].default_value', "FLOAT", 1, [2.0]),
    (WEIRD, ROUGHNESS, "FLOAT", 1, [0.75]),
])
def test_set_get_describe(scene, data, path, kind, size, value):
    ref = parse(data, path)
    drawable.check_drawable(ref)
    info = property_info.describe(ref)
    assert (info.type, info.size) == (kind, size)
    before = paths.get(ref)
    assert before.shape == (size,)
    paths.set(ref, np.array(value))
    assert paths.get(ref).tolist() == pytest.approx(value) if kind == "FLOAT" else paths.get(ref).tolist() == value
    if kind == "ENUM":
        assert value[0] in info.enum_items and before[0] in info.enum_items
    paths.set(ref, before)
    assert paths.get(ref).tolist() == before.tolist()


def test_limits_units_and_names_come_from_rna(scene):
    roughness = property_info.describe(parse(WEIRD, ROUGHNESS))
    assert (roughness.hard_min, roughness.hard_max, roughness.name) == (0.0, 1.0, "Roughness")
    location = property_info.describe(parse("objects['Box']", "location"))
    assert location.unit == "LENGTH" and location.hard_max == np.inf
    amount = property_info.describe(parse("objects['Box']", 'modifiers["Nodes"]["Socket_0"]'))
    assert amount.name == "Amount" or compat.VERSION >= (5, 2, 0)
    assert amount.soft_max == 3.0


def test_a_change_of_a_custom_property_reaches_a_driver(scene):
    thing = bpy.data.objects["Box"]
    driver = thing.driver_add("location", 0).driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = thing, '["number"]'
    paths.set(parse("objects['Box']", '["number"]'), [3.0])
    bpy.context.view_layer.update()
    assert thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).location.x == 3.0


def test_from_what_the_interface_gives(scene):
    thing = bpy.data.objects["Box"]
    socket = thing.active_material.node_tree.nodes["Principled BSDF"].inputs["Roughness"]
    found = paths.ref_from_pointer(socket, "default_value")
    assert found.collection == "materials" and found.path.startswith("node_tree.nodes[")
    for pointer, name, index in ((socket, "default_value", -1), (scene.cycles, "samples", -1), (thing, "location", 1),
                                 (scene.view_settings, "gamma", -1), (thing, "number", -1),
                                 (scene.collection, "hide_render", -1)):
        ref = paths.ref_from_pointer(pointer, name, index)
        resolved = paths.resolve(ref)
        assert resolved.owner == pointer and resolved.identifier == name and resolved.index == index


@pytest.mark.parametrize("data, path, sentence", [
    ("lights['Gone']", "energy", "not in the file"),
    ("lights['Lamp']", "enrgy", "has no property"),
    ("lights['Lamp']", "node_tree.nodes['x'].y", "has no property"),
    ("objects['Box']", '["nothing"]', "has no property"),
    ("objects['Box']", "location[3]", "3 components"),
    ("lights['Lamp']", "energy[0]", "no property|component"),
    ("wrongs['Lamp']", "energy", "no kind of data-block"),
    ("version_string['x']", "energy", "no kind of data-block"),
    ("Lamp", "energy", "does not name a data-block"),
    ("__import__('os')", "system", "does not name|no kind"),
    ("objects['Box']", "name", "not a number"),
    ("objects['Box']", "matrix_world", "cannot be animated"),
    ("objects['Box']", "bound_box", "read-only"),
    ("scenes['Scene']", "render.engine", "cannot be animated"),
])
def test_what_cannot_be_learnable_is_one_sentence(scene, data, path, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        drawable.check_drawable(parse(data, path))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_driven_and_keyframed_properties_are_refused(scene):
    thing, lamp = bpy.data.objects["Box"], bpy.data.lights["Lamp"]
    thing.driver_add("location", 2)
    lamp.keyframe_insert("energy", frame=1)
    tree = scene.world.node_tree
    tree.nodes["Background"].inputs[1].keyframe_insert("default_value", frame=1)
    with pytest.raises(InputError, match="is driven"):
        drawable.check_drawable(parse("objects['Box']", "location"))
    with pytest.raises(InputError, match="is driven"):
        drawable.check_drawable(parse("objects['Box']", "location[2]"))
    drawable.check_drawable(parse("objects['Box']", "location[0]"))
    with pytest.raises(InputError, match="is keyframed"):
        drawable.check_drawable(parse("lights['Lamp']", "energy"))
    with pytest.raises(InputError, match="is keyframed"):
        drawable.check_drawable(parse("worlds['World']",
                                      'node_tree.nodes["Background"].inputs["Strength"].default_value'))


def test_linked_data_is_refused_and_told_from_local_data_of_that_name(scene, tmp_path):
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {bpy.data.lights["Lamp"]})
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.lights = ["Lamp"]
    linked = next(light for light in bpy.data.lights if light.library)
    ref = paths.ref_to(linked, "energy")
    assert ref.library and paths.data_block(ref) == linked
    assert paths.data_block(parse("lights['Lamp']", "energy")) != linked
    with pytest.raises(InputError, match="linked from a library"):
        drawable.check_drawable(ref)


def test_text_that_names_a_data_block():
    assert parse("bpy.data.lights[\"A'b\"]", "energy") == PropertyRef("lights", "A'b", None, "energy", -1)
    assert parse("objects['O\\'Neil']", "location[2]") == PropertyRef("objects", "O'Neil", None, "location", 2)
    assert parse("objects['A', '//lib.blend']", "scale").library == "//lib.blend"
    assert str(parse("objects['A']", "scale[1]")) == "objects['A'].scale[1]"


@pytest.mark.parametrize("value", [["text"], [1.0, 2.0], [None]])
def test_a_value_that_does_not_fit_is_one_sentence(scene, value):
    with pytest.raises(InputError):
        paths.set(parse("lights['Lamp']", "energy"), value)
