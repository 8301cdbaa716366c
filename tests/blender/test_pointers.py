"""A property that points to one data-block or another: drawn, seen in renders, put back, kept in copies, refused."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import assets, pointers
from autosimulate_addon.blender.marks import choices_scene, mark_file, mark_scene, properties
from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.factors import factor_of
from autosimulate_addon.blender.marks.mark import ClassTable, Mark
from autosimulate_addon.blender.paths import parse
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import InputError
from autosimulate_addon.run.scene.scene_file import save_copy
from tests.blender import scenes
from tests.blender.rna_dump import differences, dump
from tests.blender.scenes import KEY, combined, mark


def world(name: str, *color: float) -> bpy.types.World:
    made = bpy.data.worlds.new(name)
    made.use_nodes = True
    made.node_tree.nodes["Background"].inputs["Color"].default_value = (*color, 1.0)
    return made


@pytest.fixture
def scene():
    made = scenes.start()
    properties.ensure_registered()
    made.world = world("Day", 0.0, 0.0, 1.0)
    world("Night", 1.0, 0.0, 0.0)
    bpy.data.worlds.remove(bpy.data.worlds["World"])
    return made


def renders(scene, marks, draws):
    """The images of the draws, from one session."""
    with RenderSession(scene, marks, ClassTable(), RenderSettings(16, 12)) as session:
        return [combined(session.render({name: np.full((len(each.targets), 1), value) for (name, value), each in
                                         zip(draw.items(), marks, strict=True)}, KEY)) for draw in draws]


def now(scene):
    """Every value of the file, with what follows from others worked out."""
    scene.view_layers[0].update()
    return dump()


def corner(image):
    """What is behind everything, as 0 or 1 a channel."""
    return (image[0, 0] > 0.5).tolist()


def test_a_choice_among_worlds_is_what_renders_show_and_the_scene_is_as_it_was(scene):
    choice = mark("Sky", "scenes['Scene']", "world")
    assert (choice.family, choice.items) == ("categorical", ("Day", "Night"))
    before = now(scene)
    day, night, again = renders(scene, [choice], [{"Sky": 0}, {"Sky": 1}, {"Sky": 0}])
    assert corner(day) == [False, False, True] and corner(night) == [True, False, False]
    assert (day == again).all()
    assert differences(before, dump()) == []


def test_a_chosen_mesh_wears_the_objects_own_materials_and_gives_them_back(scene):
    """A mesh with fewer material slots takes an object's own away."""
    red, blue = scenes.material("Red", (1, 0, 0)), scenes.material("Blue", (0, 0, 1))
    made = scenes.box("Thing", wear=red)
    bare, many = scenes.box("Bare", scale=(1, 1, 2)).data, scenes.box("Many").data
    many.polygons.foreach_set("material_index", [0, 0, 1, 1, 2, 2])
    for _ in range(3):
        many.materials.append(blue)
    for other in ("Bare", "Many"):
        bpy.data.objects[other].hide_render = True
    choice = mark("Mesh", "objects['Thing']", "data")
    worn = complete(Mark("Wear", "MATERIAL", (parse("objects['Thing']", ""),), items=("Red", "Blue")))
    before = now(scene)
    for marks, fixed in (([choice], {}), ([worn, choice], {"Wear": 1}), ([choice, worn], {"Wear": 1})):
        draws = [{each.name: {"Mesh": index, **fixed}[each.name] for each in marks} for index in (2, 1, 0, 2)]
        first, _, _, again = renders(scene, marks, draws)
        assert (first == again).all()       # whatever was drawn in between
        assert differences(before, dump()) == []
    assert made.material_slots[0].material == red and bare.users == 1


def test_a_light_that_is_only_sometimes_there_is_not_split_off(scene):
    scenes.light("Lamp", (0, -4, 3))
    bpy.data.lights.new("Dim", "POINT").energy = 5.0
    strength = 'node_tree.nodes["Background"].inputs["Strength"].default_value'
    marks = [mark("Energy", "lights['Lamp']", "energy"), mark("Strength", "worlds['Day']", strength),
             mark("Which", "objects['Lamp']", "data"), mark("Sky", "scenes['Scene']", "world")]

    def layers(*chosen):
        return [layer.name for layer in RenderSession(scene, chosen, ClassTable(), RenderSettings(16, 12)).layers]

    assert layers(*marks[:2]) == ["lights['Lamp']", "worlds['Day']", "rest"]
    assert layers(*marks) == ["rest"]


def test_inputs_of_modifiers_and_what_constraints_follow(scene):
    made = scenes.box("Thing")
    tree = bpy.data.node_groups.new("Group", "GeometryNodeTree")
    tree.interface.new_socket("Paint", in_out="INPUT", socket_type="NodeSocketMaterial")
    made.modifiers.new("Nodes", "NODES").node_group = tree
    scenes.material("Red")
    follow = made.constraints.new("TRACK_TO")
    follow.target = scenes.light("Lamp", (0, 0, 4))
    scenes.light("Other", (4, 0, 0))
    identifier = tree.interface.items_tree["Paint"].identifier
    paint = parse("objects['Thing']", f'modifiers["Nodes"]["{identifier}"]')
    assert pointers.kind(paint) == "materials"
    assert mark("Follow", "objects['Thing']", 'constraints["Track To"].target').items == ("Lamp", "Other")
    assert pointers.kind(parse("objects['Thing']", 'modifiers["Nodes"].node_group')) == ""      # inputs hang on it
    assert pointers.kind(parse("objects['Thing']", "active_material")) == ""


def test_what_nothing_uses_is_in_the_copy_that_a_run_opens(scene, tmp_path):
    mark_scene.add_mark(scene, Mark(targets=(parse("scenes['Scene']", "world"),)))
    bpy.data.worlds["Night"].name = "Midnight"
    save_copy(tmp_path / "copy.blend")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "copy.blend"))
    (found,), _ = mark_scene.read(bpy.context.scene)
    assert found.items == ("Day", "Midnight") and factor_of(found).items == found.items
    bpy.data.worlds.remove(bpy.data.worlds["Midnight"])
    (found,), _ = mark_scene.read(bpy.context.scene)
    with pytest.raises(InputError, match=r"there is no world 'Night' for scenes\['Scene'\].world; choose"):
        factor_of(found)


def catalogue(folder: Path) -> Path:
    """A file with two worlds and an object that are assets, and a world that is none."""
    scenes.start()
    for block in (world("Dawn", 1, 1, 0), world("Dusk", 1, 0, 1), scenes.box("Chair")):
        block.asset_mark()
    world("Draft", 0, 0, 0).use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "catalogue.blend"))
    return folder / "catalogue.blend"


def test_assets_become_choices_once(tmp_path):
    library = catalogue(tmp_path)
    scene = scenes.start()
    properties.ensure_registered()
    group = mark_scene.add_mark(scene, Mark(targets=(parse("scenes['Scene']", "world"),)))      # there is only one yet
    assert mark_scene.awaits_choices(mark_scene.mark_of(group))
    assert choices_scene.add(group, assets.append(library, "worlds")) == 2
    assert choices_scene.add(group, assets.append(library, "worlds", ["Dusk"])) == 0
    (found,), _ = mark_scene.read(scene)
    assert found.items == ("World", "Dawn", "Dusk") and found.p == pytest.approx([1 / 3] * 3)
    assert all(block.asset_data is None for block in bpy.data.worlds)
    with pytest.raises(InputError, match=r"'Chair' cannot be a choice of .* which takes a world"):
        choices_scene.add(group, assets.append(library, "objects"))


def test_a_marks_file_takes_assets_and_finds_them_again(tmp_path):
    library = catalogue(tmp_path)
    scene = scenes.start()
    (tmp_path / "marks.toml").write_text('[[learnable]]\ndata = "scene"\npath = "world"\nitems = ["World"]\n'
                                         'assets = "catalogue.blend"\n')
    (read,), _, _ = mark_file.read(tmp_path / "marks.toml")
    assert read.items == ("World", "Dawn", "Dusk")
    library.unlink()                        # as in a run's folder, which has a copy of the scene and of the marks file
    assert mark_file.read(tmp_path / "marks.toml")[0] == [read]
    dawn, = renders(scene, [read], [{read.name: 1}])
    assert corner(dawn) == [True, True, False]


@pytest.mark.parametrize(("entry", "text"), [
    ('path = "world"\nitems = ["Day", "Nigt"]', "no world 'Nigt' for scenes['Scene'].world (did you mean 'Night'?)"),
    ('path = "world"\nitems = ["Day", "materials[\'Red\']"]', "there is no world \"materials['Red']\""),
    ('path = "world"\nitems = ["Day"]', "has only one choice"),
    ('path = "world"\nfamily = "normal"', "is not a number"),
    ('path = "camera"\nitems = ["Camera", "Thing"]', "there is no object 'Thing' for scenes['Scene'].camera"),
    ('path = "world"\nassets = "none.blend"', "There is no file"),
    ('path = "world"\nassets = "marks.toml"', "is not a .blend file that Blender can read"),
    ('path = "cycles.samples"\nassets = "none.blend"', "does not point to a data-block; leave them out"),
    ('path = "compositing_node_group"', "has no property|so it cannot be learnable"),
])
def test_what_cannot_be_chosen_is_told_in_one_sentence(scene, tmp_path, entry, text):
    scenes.box("Thing", wear=scenes.material("Red"))
    (tmp_path / "marks.toml").write_text(f'[[learnable]]\ndata = "scene"\n{entry}\n')
    with pytest.raises(InputError) as caught:
        mark_file.read(tmp_path / "marks.toml")
    assert any(part in str(caught.value) for part in text.split("|")), str(caught.value)
    assert "\n" not in str(caught.value)
