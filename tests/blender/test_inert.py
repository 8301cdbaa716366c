"""What is refused as having no effect has none, and what has one is not refused: each held against two renders."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import inert, paths
from autosimulate_addon.blender.marks import describe, effects, mark_file, mark_scene, properties
from autosimulate_addon.blender.marks.mark import Mark
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import InputError
from tests.blender import scenes

TURNS = ((0.0, 0.0, 0.0), (0.4, 0.7, 0.9))
SIZES = ((1.0, 1.0, 1.0), (0.5, 0.7, 0.9))
WHOLE_TURNS = ((1.0, 0.0, 0.0, 0.0), (0.7, 0.7, 0.0, 0.0))
COLORS = ((1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0))
SOCKET = 'node_tree.nodes["Principled BSDF"].inputs[0].default_value'


@pytest.fixture(autouse=True)
def registered():
    properties.ensure_registered()


@pytest.fixture
def box():
    scene = scenes.start(2)
    scenes.box("Ground", (0, 0, -2), scale=(5, 5, 0.1))
    scenes.light("Lamp", (2, -3, 3))
    made = scenes.box("Box", (0, 0, 0), (0.3, 0.2, 0.1), (1, 0.7, 0.5))
    scene.view_layers[0].update()
    return made


def acts(ref, values) -> bool:
    """Whether any pixel, or label, of two renders differs."""
    table = scenes.classes(box=["objects:Box"])
    with RenderSession(bpy.context.scene, [], table, RenderSettings(24, 18, relight=False)) as session:
        seen = []
        for value in values:
            paths.set(ref, value)
            render = session.render({}, scenes.KEY)
            seen.append((render.layers, render.labels))
    return not all(map(np.array_equal, *seen))


def agrees(ref, values, said: str = "") -> None:
    """``inert`` refuses with these words and renders do not differ; without words neither."""
    bpy.context.view_layer.update()
    reason = inert.why(ref)
    assert said in reason if said else not reason, reason
    assert acts(ref, values) == (not said)


def target(**place):
    made = bpy.data.objects.new("Target", None)
    made.location, made.rotation_euler = (1, 1, 1), (0.1, 0.2, 0.3)
    for name, value in place.items():
        setattr(made, name, value)
    bpy.context.scene.collection.objects.link(made)
    return made


def constrain(made, kind, aim=None, **options):
    constraint = made.constraints.new(kind)
    if hasattr(constraint, "target"):
        constraint.target = aim or target()
    for name, value in options.items():
        setattr(constraint, name, value)
    return constraint


@pytest.mark.parametrize("mode", ["XYZ", "ZYX", "QUATERNION", "AXIS_ANGLE"])
@pytest.mark.parametrize(("path", "values", "needed"), [
    ("rotation_euler", TURNS, "XYZ ZYX"), ("rotation_quaternion", WHOLE_TURNS, "QUATERNION"),
    ("rotation_axis_angle", ((0, 0, 1, 0), (1, 0, 1, 0)), "AXIS_ANGLE"), ("delta_rotation_euler", TURNS, "XYZ ZYX"),
    ("delta_location", TURNS, "XYZ ZYX QUATERNION AXIS_ANGLE")])
def test_rotation_modes(box, mode, path, values, needed):
    box.rotation_mode = mode
    agrees(paths.ref_to(box, path), values, "" if mode in needed.split() else "rotation mode is")


@pytest.mark.parametrize(("kind", "owned"), [
    ("COPY_LOCATION", "location"), ("COPY_ROTATION", "rotation_euler"), ("COPY_SCALE", "scale"),
    ("COPY_TRANSFORMS", "location rotation_euler scale"), ("TRACK_TO", "rotation_euler"), ("DAMPED_TRACK", ""),
    ("LOCKED_TRACK", ""), ("CHILD_OF", ""), ("LIMIT_DISTANCE", ""), ("STRETCH_TO", ""), ("TRANSFORM", ""),
    ("FLOOR", "")])
def test_constraints_own_what_they_replace(box, kind, owned):
    constrain(box, kind)
    for path in ("location", "rotation_euler", "scale"):
        agrees(paths.ref_to(box, path), SIZES if path == "scale" else TURNS,
               "the constraint" if path in owned.split() else "")
        setattr(box, path, (1, 0.7, 0.5) if path == "scale" else (0, 0, 0))


@pytest.mark.parametrize(("kind", "options", "path", "refused"), [
    ("COPY_LOCATION", {"use_offset": True}, "location", False),
    ("COPY_LOCATION", {"influence": 0.5}, "location", False),
    ("COPY_LOCATION", {"mute": True}, "location", False),
    ("COPY_LOCATION", {"use_z": False}, "location", False),
    ("COPY_LOCATION", {"use_z": False}, "location[0]", True),
    ("COPY_LOCATION", {"use_z": False}, "location[2]", False),
    ("COPY_ROTATION", {"mix_mode": "ADD"}, "rotation_euler", False),
    ("COPY_TRANSFORMS", {"mix_mode": "BEFORE"}, "location", False),
    ("COPY_SCALE", {"use_z": False}, "scale[0]", True),
    ("LIMIT_LOCATION", {"use_min_x": True, "use_max_x": True, "min_x": 0.2, "max_x": 0.2}, "location[0]", True),
    ("LIMIT_LOCATION", {"use_min_x": True, "use_max_x": True, "min_x": -2.0, "max_x": 2.0}, "location[0]", False),
    ("LIMIT_ROTATION", {"use_limit_x": True, "use_limit_y": True, "use_limit_z": True}, "rotation_euler", True)])
def test_options_of_constraints(box, kind, options, path, refused):
    constrain(box, kind, **options)
    ref = paths.parse("objects['Box']", path)
    agrees(ref, TURNS if ref.index < 0 else (0.3, 0.7), "the constraint" if refused else "")


def test_what_stands_before_a_constraint_may_have_used_the_place(box):
    constrain(box, "TRACK_TO")
    constrain(box, "COPY_LOCATION", bpy.data.objects["Target"])
    agrees(paths.ref_to(box, "location"), TURNS)


def test_a_turned_parent_has_axes_of_its_own(box):
    constrain(box, "COPY_LOCATION", use_z=False)
    box.parent = target(rotation_euler=(1, 0.5, 0))
    agrees(paths.ref_to(box, "location", 0), (0.0, 0.7))


def test_a_constraint_without_target_owns_nothing(box):
    box.constraints.new("COPY_LOCATION")
    agrees(paths.ref_to(box, "location"), TURNS)


def worn(box):
    made = scenes.material("Paint")
    box.data.materials.append(made)
    return made.node_tree, made.node_tree.nodes["Principled BSDF"]


def mixed(tree, shader, mute=False):
    node = tree.nodes.new("ShaderNodeMix")
    node.name, node.data_type, node.mute = "Mix", "RGBA", mute
    node.inputs[0].default_value = 0.3
    tree.links.new(node.outputs[2], shader.inputs[0])
    return node


@pytest.mark.parametrize(("change", "path", "values", "said"), [
    (lambda tree, shader: None, SOCKET, COLORS, ""),
    (lambda tree, shader: tree.links.new(tree.nodes.new("ShaderNodeRGB").outputs[0], shader.inputs[0]), SOCKET, COLORS,
     "plugged into"),
    (lambda tree, shader: setattr(tree.links.new(tree.nodes.new("ShaderNodeRGB").outputs[0], shader.inputs[0]),
                                  "is_muted", True), SOCKET, COLORS, ""),
    (lambda tree, shader: tree.links.new(tree.nodes.new("NodeReroute").outputs[0], shader.inputs[0]), SOCKET, COLORS,
     "plugged into"),
    (lambda tree, shader: setattr(tree.nodes.new("ShaderNodeEmission"), "name", "Loose"),
     'node_tree.nodes["Loose"].inputs[0].default_value', COLORS, "leads to no output"),
    (mixed, 'node_tree.nodes["Mix"].inputs[6].default_value', COLORS, ""),
    (mixed, 'node_tree.nodes["Mix"].inputs[2].default_value', (0.0, 1.0), "does not use this socket"),
    (lambda tree, shader: mixed(tree, shader, True), 'node_tree.nodes["Mix"].inputs[6].default_value', COLORS,
     "is muted"),
    (lambda tree, shader: None, "diffuse_color", COLORS, "for the viewport"),
    (lambda tree, shader: setattr(tree.nodes["Material Output"].inputs[0].links[0], "is_muted", True), SOCKET, COLORS,
     "leads to no output")])
def test_sockets_and_nodes(box, change, path, values, said):
    change(*worn(box))
    agrees(paths.ref_to(bpy.data.materials["Paint"], path), values, said)


def test_a_light_is_as_bright_as_it_says_with_nodes_and_without(box):
    lamp = bpy.data.lights["Lamp"]
    lamp.use_nodes = True
    strength = paths.ref_to(lamp, 'node_tree.nodes["Emission"].inputs[1].default_value')
    for ref, values in ((paths.ref_to(lamp, "energy"), (100.0, 400.0)), (strength, (1.0, 3.0)),
                        (paths.ref_to(lamp, "color"), ((1, 0, 0), (0, 1, 0)))):
        agrees(ref, values)
    if bpy.app.version < (5, 2, 0):     # which always uses them
        lamp.use_nodes = False
        agrees(strength, (1.0, 3.0), "Use Nodes is off")


def test_switches(box):
    camera = bpy.context.scene.camera.data
    agrees(paths.ref_to(camera, "dof.aperture_fstop"), (0.01, 5.0), "Depth of Field is off")
    camera.dof.use_dof, camera.dof.focus_distance = True, 2.0
    agrees(paths.ref_to(camera, "dof.aperture_fstop"), (0.01, 5.0))
    box.modifiers.new("Fat", "DISPLACE")
    ref = paths.ref_to(box, 'modifiers["Fat"].strength')
    agrees(ref, (0.1, 0.9))
    box.modifiers["Fat"].show_render = False
    agrees(ref, (0.1, 0.9), "switched off for renders")


def test_an_object_hidden_from_renders_may_still_cut_others(box):
    box.hide_render = True
    ref = paths.ref_to(box, "location")
    agrees(ref, TURNS, "hidden from renders")
    ground = bpy.data.objects["Ground"]
    ground.scale = (5, 5, 2)
    cut = ground.modifiers.new("Cut", "BOOLEAN")
    cut.object = box
    agrees(ref, ((0, -5, -1), (1, -5, -2)))


def test_a_driver_that_reads_it_makes_it_act(box):
    box.rotation_mode = "QUATERNION"
    curve = bpy.data.lights["Lamp"].driver_add("energy")
    variable = curve.driver.variables.new()
    variable.name = "turn"
    variable.targets[0].id, variable.targets[0].data_path = box, "rotation_euler.x"
    curve.driver.expression = "turn * 1000"
    agrees(paths.ref_to(box, "rotation_euler"), TURNS)


def test_what_a_mark_may_switch_on_is_not_refused(box):
    constrain(box, "COPY_LOCATION")
    place = Mark("place", "PROPERTY", (paths.ref_to(box, "location"),))
    pull = Mark("pull", "PROPERTY", (paths.ref_to(box, 'constraints["Copy Location"].influence'),))
    with pytest.raises(InputError, match=r"Mark 'place': objects\['Box'\].location has no effect: the constraint"):
        effects.check([place])
    effects.check([place, pull])
    with pytest.raises(InputError, match="has no effect"):
        effects.check([place, pull.with_(enabled=False)])
    effects.check([place.with_(enabled=False)])


def test_neither_suggested_nor_accepted_by_the_scene(box):
    box.rotation_mode = "QUATERNION"
    scene = bpy.context.scene
    suggested = {row.name: row.data for row in describe.suggested_rows(scene)}
    assert "objects['Box']" not in suggested.get("Rotation of Objects", ()) and suggested["Location of Objects"]
    with pytest.raises(InputError, match=r"rotation mode is Quaternion.*set the mode to XYZ Euler"):
        mark_scene.add_mark(scene, Mark(targets=(paths.ref_to(box, "rotation_euler"),)))
    assert not len(scene.autosimulate.marks)


def test_a_marks_file_shows_it_in_the_table_of_what_is_learnable(box, tmp_path):
    box.rotation_mode = "AXIS_ANGLE"
    path = tmp_path / "marks.toml"
    path.write_text("[[learnable]]\ndata = \"objects['Box']\"\npath = \"rotation_euler\"", encoding="utf-8")
    row, = describe.marked_rows(mark_file.read(path)[0])
    assert "has no effect" in row.problem
