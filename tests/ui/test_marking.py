"""Marking, labels and draws through the operators, in the bpy module."""

from __future__ import annotations

import bpy
import pytest

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import mark_scene
from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.ui import panel_data
from autosimulate_addon.ui.operators import mark as mark_operators
from autosimulate_addon.ui.operators.mark_list import is_solo
from autosimulate_addon.ui.overlay import classes, tint

ops = bpy.ops.autosimulate


def marks(scene):
    return [mark.name for mark in scene.autosimulate.marks]


def sentence(call) -> str:
    """The one sentence of an operator that refuses."""
    with pytest.raises(RuntimeError) as raised:
        call()
    text = str(raised.value).strip()
    assert "Traceback" not in text and text.count("\n") == 0, text
    return text


@pytest.mark.parametrize("what", ["LIGHTS", "LIGHT_COLORS", "WORLD", "BOUNCES", "SAMPLES",
                                  "CAMERA_PLACE", "CAMERA_LENS"])
def test_one_click_rows(scene, what):
    assert ops.mark_common(what=what) == {"FINISHED"}
    assert len(scene.autosimulate.marks) == 1
    data = panel_data.refresh(scene)
    row = data.rows[scene.autosimulate.marks[0].name]
    assert row.text and not row.problem
    assert "already" in sentence(lambda: ops.mark_common(what=what))


@pytest.mark.parametrize("film", ["exposure", "white_balance", "noise", "blur", "contrast"])
def test_film_rows(scene, film):
    ops.mark_film(film=film)
    assert marks(scene) == [f"film:{film}"]
    sentence(lambda: ops.mark_film(film=film))


def test_locations_shared_or_one_each(scene):
    for obj in scene.objects:
        obj.select_set(True)
    ops.mark_selected(path="location", shared=True)
    assert len(scene.autosimulate.marks) == 1 and len(scene.autosimulate.marks[0].targets) == 3
    ops.mark_remove()
    ops.mark_selected(path="location", shared=False)
    assert len(scene.autosimulate.marks) == 3


@pytest.mark.parametrize("data, path, index, family", [
    ("lights['Light']", "energy", -1, "LOGNORMAL"),
    ("objects['Cube']", "location", -1, "NORMAL"),
    ("objects['Cube']", "location", 2, "NORMAL"),
    ("objects['Cube']", "hide_render", -1, "BERNOULLI"),
    ("lights['Light']", "color", -1, "BOUNDED"),
    ("lights['Light']", "use_shadow", -1, "BERNOULLI"),
    ("cameras['Camera']", "lens", -1, "LOGNORMAL"),
    ("materials['Material']", "node_tree.nodes[\"Principled BSDF\"].inputs[2].default_value", -1, "BOUNDED"),
    ("scenes['Scene']", "cycles.max_bounces", -1, "INTEGER"),
])
def test_any_property_can_be_marked_and_is_found_again(scene, data, path, index, family):
    assert ops.mark(data=data, path=path, index=index) == {"FINISHED"}
    assert scene.autosimulate.marks[0].family == family
    sentence(lambda: ops.mark(data=data, path=path, index=index))


def test_what_cannot_be_marked_says_why(scene):
    assert "number" in sentence(lambda: ops.mark(data="objects['Cube']", path="name"))
    assert "no property" in sentence(lambda: ops.mark(data="objects['Cube']", path="nonsense"))
    scene.objects["Cube"].keyframe_insert("location")
    assert "keyframe" in sentence(lambda: ops.mark(data="objects['Cube']", path="location"))
    assert "right-click" in sentence(lambda: ops.mark())


def test_the_context_menu_adds_its_entries(scene):
    """As Blender calls it: with the button's struct and property in the context."""
    cube = scene.objects["Cube"]
    prop = cube.bl_rna.properties["location"]
    context = type("Context", (), {"button_pointer": cube, "button_prop": prop, "scene": scene})
    ref = mark_operators.property_under_mouse(context)
    assert (ref.collection, ref.name, ref.path) == ("objects", "Cube", "location")
    assert mark_operators.refusal(ref) == ""
    socket = bpy.data.materials["Material"].node_tree.nodes["Principled BSDF"].inputs["Roughness"]
    context.button_pointer, context.button_prop = socket, socket.bl_rna.properties["default_value"]
    ref = mark_operators.property_under_mouse(context)
    assert ref.collection == "materials" and ref.path.startswith("node_tree.")
    context.button_pointer, context.button_prop = bpy.context.preferences, bpy.context.preferences.bl_rna.properties[0]
    assert mark_operators.property_under_mouse(context) is None


def test_solo_and_back(scene):
    for what in ("LIGHTS", "BOUNCES", "CAMERA_LENS"):
        ops.mark_common(what=what)
    group = scene.autosimulate.marks
    ops.mark_solo(index=1)
    assert is_solo(group, 1) and [mark.enabled for mark in group] == [False, True, False]
    ops.mark_solo(index=1)
    assert all(mark.enabled for mark in group)


def test_order_and_removal(scene):
    for what in ("LIGHTS", "BOUNCES"):
        ops.mark_common(what=what)
    first, second = marks(scene)
    ops.mark_move(direction="UP")
    assert marks(scene) == [second, first]
    ops.mark_remove()
    ops.mark_remove()
    assert marks(scene) == []
    sentence(ops.mark_remove)


def test_classes_by_object_collection_and_material(scene):
    cube = scene.objects["Cube"]
    material = cube.active_material
    ops.class_add(name="thing")
    cube.select_set(True)
    ops.class_assign(what="OBJECTS")
    assert classes.of_objects(scene) == {cube.session_uid: 0}
    ops.class_add(name="other")
    ops.class_assign(what="MATERIAL")
    assert [len(group.members) for group in scene.autosimulate.classes] == [1, 1]
    assert tint.parts(cube, 0, classes.of_materials(scene)) == {1: (0,)}    # a pixel's material says most, as in masks
    assert classes.of_materials(scene) == {material.session_uid: 1}
    ops.class_assign(what="COLLECTION")
    assert classes.of_objects(scene)[cube.session_uid] == 0     # the object itself says more than its collection
    assert classes.of_objects(scene)[scene.objects["Light"].session_uid] == 1
    ops.class_remove()
    assert [group.name for group in scene.autosimulate.classes] == ["thing"]


def test_class_colours_in_the_viewport_change_nothing_in_the_file(scene):
    """A material can read Object.color: colours put there would be in the renders."""
    cube = scene.objects["Cube"]
    cube.color = (0.1, 0.2, 0.3, 1.0)
    ops.class_add(name="thing")
    cube.select_set(True)
    ops.class_assign(what="OBJECTS")
    before = {obj.name: (*obj.color, obj.pass_index) for obj in bpy.data.objects}, sorted(scene.keys())
    ops.show_classes()
    assert tint.shown()
    cube.name = "Box"
    bpy.ops.object.duplicate()
    copy = bpy.context.object
    assert tuple(copy.color) == pytest.approx((0.1, 0.2, 0.3, 1.0))
    assert copy.session_uid not in classes.of_objects(scene)
    bpy.data.objects.remove(copy)
    cube.name = "Cube"
    assert ({obj.name: (*obj.color, obj.pass_index) for obj in bpy.data.objects}, sorted(scene.keys())) == before
    ops.show_classes()
    assert not tint.shown()


def test_empties_are_marked_as_keypoints(scene):
    for name, parent in (("Tip.001", scene.objects["Cube"]), ("Alone", None)):
        empty = bpy.data.objects.new(name, None)
        empty.parent = parent
        scene.collection.objects.link(empty)
        empty.select_set(True)
    ops.keypoints_add()
    points = scene.autosimulate.keypoints
    assert [(point.name, point.id.name) for point in points] == [("Tip", "Tip.001")]
    assert "no keypoint yet" in sentence(ops.keypoints_add)
    table = ClassTable(("background", "cube"), {"cube": (paths.ref_to(scene.objects["Cube"]),)},
                       keypoints=mark_scene.read(scene)[1].keypoints)
    mark_scene.write_classes(scene, table)
    assert mark_scene.read(scene)[1].keypoints == table.keypoints == {"Tip": (paths.ref_to(points[0].id),)}
    ops.keypoint_remove(index=0)
    assert not len(points)


def test_the_faces_that_are_tinted(scene):
    corners, slots = tint.triangles(scene.objects["Cube"].data)
    assert corners.shape == (12, 3, 3) and abs(corners).max() == 1 and set(slots) == {0}


def test_a_draw_and_the_mean(scene):
    ops.mark_common(what="LIGHTS")
    ops.mark_common(what="BOUNCES")
    scene.objects["Cube"].select_set(True)
    ops.mark_selected(path="location", shared=True)
    light, cube = bpy.data.lights["Light"], scene.objects["Cube"]
    energy, place = light.energy, tuple(cube.location)
    ops.draw_sample(seed=3)
    first = (light.energy, tuple(cube.location), scene.cycles.max_bounces)
    assert light.energy != energy and tuple(cube.location) != place
    ops.draw_sample(seed=4)
    assert light.energy != first[0]
    ops.draw_sample(seed=3)
    assert (light.energy, tuple(cube.location), scene.cycles.max_bounces) == first
    ops.apply_mean()
    assert light.energy == pytest.approx(energy, rel=1e-4) and tuple(cube.location) == pytest.approx(place)


def test_materials_are_drawn_too(scene):
    bpy.data.materials.new("Second")
    scene.objects["Cube"].select_set(True)
    ops.mark_materials(choices=[{"name": "Material", "use": True}, {"name": "Second", "use": True}])
    seen = set()
    for seed in range(12):
        ops.draw_sample(seed=seed)
        seen.add(scene.objects["Cube"].material_slots[0].material.name)
    assert seen == {"Material", "Second"}
    sentence(lambda: ops.mark_materials(choices=[{"name": "Material", "use": True}]))
