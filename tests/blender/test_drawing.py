"""What a draw does to the scene while it is in it."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.mark import Mark
from autosimulate_addon.blender.paths import parse
from autosimulate_addon.blender.render.drawing import Drawer
from autosimulate_addon.protocol import InputError
from tests.blender import scenes
from tests.blender.scenes import mark


@pytest.fixture
def scene():
    made = scenes.start()
    red, blue = scenes.material("Red"), scenes.material("Blue")
    first = scenes.box("A")
    first.data.materials.append(red)
    scenes.box("B", mesh=first.data)
    scenes.box("Bare")
    scenes.light("Lamp", (0, 0, 3))
    assert blue.users == 0
    return made


def drawn(scene, mark, values):
    with Drawer(scene, [mark]) as drawer:
        drawer.put({mark.name: np.asarray(values)})
        return evaluate(mark)


def evaluate(mark):
    from autosimulate_addon.blender import paths

    return [paths.get(ref).tolist() for ref in mark.targets if ref.path]


def test_each_target_gets_its_own_value(scene):
    place = mark("place", ["objects['A']", "objects['B']"], "location")
    assert drawn(scene, place, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]) == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert tuple(bpy.data.objects["A"].location) == (0.0, 0.0, 0.0)


def test_items_become_values(scene):
    samples = mark("s", "scenes['Scene']", "cycles.samples", family="integer", items=("1", "8", "64"))
    assert drawn(scene, samples, [[2]]) == [[64]]
    shadow = mark("h", ["objects['A']", "objects['B']"], "hide_render")
    assert drawn(scene, shadow, [[1], [0]]) == [[True], [False]]
    kind = mark("t", "lights['Lamp']", "type", items=("SUN", "AREA"))
    assert drawn(scene, kind, [[1]]) == [["AREA"]]


def test_materials_of_shared_meshes_and_of_objects_without_slots(scene):
    worn = complete(Mark("worn", "MATERIAL", (parse("objects['A']", ""), parse("objects['Bare']", "")),
                         items=("Red", "Blue")))
    with Drawer(scene, [worn]) as drawer:
        drawer.put({"worn": np.array([[1], [0]])})
        assert bpy.data.objects["A"].active_material.name == "Blue"
        assert bpy.data.objects["Bare"].active_material.name == "Red"
        assert bpy.data.objects["B"].active_material.name == "Red"      # shares A's mesh
        assert [material.name for material in bpy.data.meshes["A"].materials] == ["Red"]
    assert bpy.data.objects["A"].material_slots[0].link == "DATA"
    assert not bpy.data.objects["Bare"].material_slots and bpy.data.materials["Blue"].users == 0


def test_a_state_sets_what_it_names_and_leaves_the_rest_as_it_was(scene):
    bounces, place = parse("scenes['Scene']", "cycles.max_bounces"), parse("objects['A']", "location")
    state = complete(Mark("state", "STATE", items=("one", "two"),
                          states=(((bounces, 1), (place, [1.0, 0, 0])), ((bounces, 2),))))
    before = scene.cycles.max_bounces
    with Drawer(scene, [state]) as drawer:
        drawer.put({"state": np.array([[0]])})
        assert scene.cycles.max_bounces == 1 and bpy.data.objects["A"].location.x == 1.0
        drawer.put({"state": np.array([[1]])})
        assert scene.cycles.max_bounces == 2 and bpy.data.objects["A"].location.x == 0.0
    assert scene.cycles.max_bounces == before


def test_film_and_disabled_marks_are_not_drawn(scene):
    film = complete(Mark("film:exposure", "FILM"))
    with Drawer(scene, [film, mark("e", "lights['Lamp']", "energy", enabled=False)]) as drawer:
        drawer.put({})


@pytest.mark.parametrize("values, sentence", [
    ([[np.nan]], "not a finite number"), ([[np.inf]], "not a finite number"), (None, "has no value")])
def test_draws_that_do_not_fit(scene, values, sentence):
    energy = mark("e", "lights['Lamp']", "energy")
    with pytest.raises(InputError, match=sentence), Drawer(scene, [energy]) as drawer:
        drawer.put({} if values is None else {"e": np.array(values)})


def test_a_choice_that_does_not_exist_is_one_sentence(scene):
    kind = mark("t", "lights['Lamp']", "type", items=("SUN", "AREA"))
    for wrong in (2, -1, 0.5):
        with pytest.raises(InputError, match="asks for choice"), Drawer(scene, [kind]) as drawer:
            drawer.put({"t": np.array([[wrong]])})


def test_materials_on_what_cannot_wear_them(scene):
    for target, items in (("objects['Lamp']", ("Red", "Blue")), ("objects['A']", ("Red", "Gone"))):
        drawer = Drawer(scene, [complete(Mark("worn", "MATERIAL", (parse(target, ""),), items=items))])
        with pytest.raises(InputError), drawer:
            pass
