"""A data-block is a name and a library: two that share a name are never taken for each other."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import identity, paths
from autosimulate_addon.blender.marks import (
    describe,
    factors,
    mark_file,
    mark_scene,
    properties,
    psi_properties,
    states,
)
from autosimulate_addon.blender.marks.mark import ClassTable, Mark
from autosimulate_addon.blender.render.drawing import Drawer
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import InputError
from tests.blender import libraries, scenes
from tests.blender.checks import SIZE, assert_mask
from tests.blender.scenes import KEY

BOTH = [(1, "sphere", (-2, 0, 0), 0.8), (2, "sphere", (2, 0, 0), 0.8)]


@pytest.fixture(autouse=True)
def registered():
    properties.ensure_registered()


def read(tmp_path, text):
    path = tmp_path / "marks.toml"
    path.write_text(text, encoding="utf-8")
    return mark_file.read(path)


def masks(table):
    return scenes.render(bpy.context.scene, table, size=SIZE)


@pytest.mark.parametrize("apple, pear", [
    ("collections['Apple']", "collections['Pear']"),
    ("objects['Body', '//apple/fruit.blend']", "objects['Body', 'pear/fruit.blend']"),
    ("materials['Skin', 'apple/fruit.blend']", "materials['Skin', '//../pear/fruit.blend']")])
def test_two_libraries_with_an_object_of_one_name(tmp_path, apple, pear):
    libraries.orchard(tmp_path)
    _, table, _ = read(tmp_path, f'[classes]\napple = "{apple}"\npear = "{pear}"')
    shown = masks(table)
    assert_mask(shown.labels, BOTH)
    assert len(np.unique(shown.instances)) == 3 and not (set(shown.instances[shown.labels == 1])
                                                         & set(shown.instances[shown.labels == 2]))
    # the window's classes hold pointers, and say the same
    mark_scene.write_classes(bpy.context.scene, table)
    assert mark_scene.read_classes(bpy.context.scene).members == table.members


def test_a_local_one_beside_a_linked_one(tmp_path):
    scene = libraries.orchard(tmp_path)
    scene.collection.children.unlink(bpy.data.collections["Pear"])
    scenes.sphere("Body", (2, 0, 0), 0.8)
    _, table, _ = read(tmp_path, "[classes]\napple = \"objects['Body', 'apple/fruit.blend']\"\n"
                                 "pear = \"objects['Body', '']\"")
    assert_mask(masks(table).labels, BOTH)


def test_an_instance_takes_the_class_of_what_instances_it(tmp_path):
    scene = libraries.orchard(tmp_path)
    scene.collection.children.unlink(bpy.data.collections["Pear"])
    for name, x in (("Body", 0.0), ("Other", 4.0)):     # the empty has the name of what it instances
        empty = bpy.data.objects.new(name, None)
        empty.instance_type, empty.instance_collection = "COLLECTION", bpy.data.collections["Apple"]
        empty.location = (x, 0, 0)
        scene.collection.objects.link(empty)
    scene.collection.children.unlink(bpy.data.collections["Apple"])
    _, table, _ = read(tmp_path, "[classes]\nfirst = \"objects['Body', '']\"\nsecond = \"objects['Other']\"")
    assert_mask(masks(table).labels, BOTH)


@pytest.mark.parametrize("text", ["objects['Body']", "materials['Skin']", "objects['Body', 'fruit.blend']"])
def test_a_name_that_may_be_two_is_one_sentence(tmp_path, text):
    libraries.orchard(tmp_path)
    with pytest.raises(InputError, match=r"may be 2 different ones, .*name the library too: \w+\['\w+', 'apple/fruit"):
        read(tmp_path, f'[classes]\na = "{text}"')


def test_the_forms_that_the_sentence_offers_work_wherever_the_file_lies(tmp_path):
    libraries.orchard(tmp_path)
    scenes.sphere("Body", (0, 0, 0), 0.8)
    bodies = identity.named(bpy.data.objects, "Body", None)
    for block in bodies:
        assert identity.named(bpy.data.objects, "Body", identity.written(block, bodies)) == [block]
    said = {identity.written(block, bodies) for block in bodies}
    copy = tmp_path / "elsewhere/copy.blend"
    copy.parent.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True, relative_remap=True)
    bpy.ops.wm.open_mainfile(filepath=str(copy))
    bodies = identity.named(bpy.data.objects, "Body", None)
    assert {identity.written(block, bodies) for block in bodies} == said and len(said) == 3


def test_an_indirect_library_is_known_by_its_own_place(tmp_path):
    libraries.basket(tmp_path)
    _, table, _ = read(tmp_path, "[classes]\na = \"objects['Body', 'outer.blend']\"\n"
                                 "b = \"objects['Body', 'pear/fruit.blend']\"")
    assert_mask(masks(table).labels, BOTH)


def test_an_override_is_meant_by_its_name(tmp_path):
    scene = libraries.orchard(tmp_path)
    linked = libraries.link(tmp_path / "apple/fruit.blend", objects="Body")
    override = linked.override_create()
    scene.collection.children.unlink(bpy.data.collections["Apple"])
    scene.collection.children.unlink(bpy.data.collections["Pear"])
    scene.collection.objects.link(override)
    assert override.name == "Body" and len(identity.named(bpy.data.objects, "Body", None)) == 2     # and the pear's
    marks, table, _ = read(tmp_path, "[[learnable]]\ndata = \"objects['Body']\"\npath = \"location\"\n"
                                     "[classes]\napple = \"objects['Body', '']\"")
    assert marks[0].targets == (paths.ref_to(override, "location"),)
    assert_mask(scenes.render(scene, table, marks, {marks[0].name: np.array([[1.0, 0.0, 0.0]])}, size=SIZE).labels,
                [(1, "sphere", (1, 0, 0), 0.8)])
    psi_properties.write(scene, marks, {marks[0].name: {"mean": [0.0] * 3, "std": [1.0] * 3}})
    assert "psi.location.mean" in override and "psi.location.mean" not in linked


def test_patterns_name_each_of_their_own_library(tmp_path):
    libraries.orchard(tmp_path)
    _, table, _ = read(tmp_path, "[classes]\nfruit = \"objects['Bo*']\"")
    assert len(set(table.members["fruit"])) == 2
    shown = masks(table)
    assert_mask(shown.labels, [(1, *rest) for _, *rest in BOTH])
    with pytest.raises(InputError, match="linked from a library"):
        read(tmp_path, "[[learnable]]\ndata = \"objects['Bo*']\"\npath = \"location\"")
    scenes.sphere("Body", (0, 0, 0), 0.8)
    marks, _, _ = read(tmp_path, "[[learnable]]\ndata = \"objects['Bo*']\"\npath = \"location\"")
    assert [ref.library for ref in marks[0].targets] == [None]      # linked ones could not be drawn anyway


def test_a_choice_of_materials_of_one_name(tmp_path):
    scene = libraries.orchard(tmp_path)
    scenes.box("Cube", wear=None)
    text = ("[[learnable]]\nname = \"m\"\ndata = \"objects['Cube']\"\nmaterials = [\"materials['Skin', "
            "'apple/fruit.blend']\", \"materials['Skin', 'pear/fruit.blend']\"]")
    marks, _, _ = read(tmp_path, text)
    with pytest.raises(InputError, match="may be 2 different"):
        read(tmp_path, text.replace("materials['Skin', 'apple/fruit.blend']", "Skin"))
    mark_scene.write(scene, marks)
    assert mark_scene.read(scene)[0][0].items == marks[0].items and len(set(marks[0].items)) == 2
    with RenderSession(scene, marks, ClassTable(), RenderSettings(32, 24)) as session:
        images = [scenes.combined(session.render({"m": np.array([[item]])}, KEY))[12, 16] for item in (0, 1)]
    assert images[0][0] > 2 * images[0][1] and images[1][1] > 2 * images[1][0]     # red, then green


def test_a_state_that_sets_a_linked_material(tmp_path):
    scene = libraries.orchard(tmp_path)
    skins = sorted(bpy.data.materials, key=lambda block: block.name_full)
    ref = paths.ref_to(scene, f'view_layers["{scene.view_layers[0].name}"].material_override')
    captured = []
    for skin in skins:
        scene.view_layers[0].material_override = skin
        captured.append(states.capture([ref]))
    mark = Mark("s", "STATE", family="categorical", items=("a", "b"), states=tuple(captured))
    with Drawer(scene, [mark]) as drawer:
        for item, skin in enumerate(skins):
            drawer.put({"s": np.array([[item]])})
            assert scene.view_layers[0].material_override == skin


def test_lights_of_one_name_have_groups_of_their_own(tmp_path):
    scenes.start()
    lamp = scenes.light("Lamp", (-3, -3, 3))
    lamp.data.name = "Lamp"
    bpy.data.libraries.write(str(tmp_path / "lamp.blend"), {lamp}, fake_user=True)
    scene = scenes.start()
    scenes.sphere("Ball")
    scene.collection.objects.link(libraries.link(tmp_path / "lamp.blend", objects="Lamp"))
    own = scenes.light("Lamp", (3, -3, 3))
    own.data.name = "Lamp"
    assert own.name == own.data.name == "Lamp" and len(bpy.data.lights) == 2
    marks, _, _ = read(tmp_path, "[[learnable]]\nname = \"energy\"\ndata = \"lights['Lamp']\"\npath = \"energy\"")
    assert marks[0].targets[0].library is None
    split, alone = (scenes.render(scene, None, marks, {"energy": np.array([[500.0]])}, samples=64, relight=relight)
                    for relight in (True, False))
    bpy.data.objects.remove(own)
    rest = scenes.render(scene, None, samples=64)
    assert np.abs(scenes.combined(split) - scenes.combined(alone)).mean() < 0.01
    assert np.abs(split.layers[-1].astype(float) - scenes.combined(rest)).mean() < 0.01    # what the linked one gives
    assert describe.suggested_rows(scene, marks)


def test_worlds_of_one_name(tmp_path):
    scenes.start()
    bpy.data.libraries.write(str(tmp_path / "world.blend"), {bpy.data.worlds["World"]}, fake_user=True)
    scene = scenes.start()
    linked = libraries.link(tmp_path / "world.blend", worlds="World")
    ref = paths.ref_to(scene.world, 'node_tree.nodes["Background"].inputs[1].default_value')
    marks, _, _ = read(tmp_path, "[[learnable]]\nname = \"w\"\ndata = \"worlds['World']\"\n"
                                 "path = \"node_tree.nodes['Background'].inputs[1].default_value\"".replace(
                                     "['Background']", "[\\\"Background\\\"]"))
    assert marks[0].targets == (ref,)
    scene.world = linked
    assert "World Strength" not in {row.name for row in describe.suggested_rows(scene)}     # linked: it cannot change
    assert factors.factor_of(marks[0]).key == "w"


def test_eevee_says_that_it_knows_names_alone(tmp_path):
    scene = libraries.orchard(tmp_path)
    _, table, _ = read(tmp_path, "[classes]\napple = \"collections['Apple']\"\npear = \"collections['Pear']\"")
    with pytest.raises(InputError, match=r"Two objects are named 'Body'.*Cycles"):
        RenderSession(scene, [], table, RenderSettings(32, 24, engine="EEVEE"))
