"""Marks and classes in the scene: round trips, renaming, deletion, and what is refused."""

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import defaults, describe, mark_scene, properties, states
from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.factors import factor_of
from autosimulate_addon.blender.marks.mark import ClassTable, Mark
from autosimulate_addon.blender.paths import parse
from autosimulate_addon.protocol import InputError
from tests.blender.marking import mark, startup_scene

CUBE = (parse("objects['Cube']", ""),)


@pytest.fixture
def scene():
    return startup_scene()


def _marks(scene):
    bpy.data.materials.new("Other")
    cube, samples = bpy.data.objects["Cube"], paths.ref_to(scene, "cycles.samples")
    bounces = paths.ref_to(scene, "cycles.diffuse_bounces")
    return [
        mark("lights['Light']", "energy", "Energy", low=(0.1,), high=(500.0,), mean=(20.5,), std=(11.25,)),
        mark("objects['Cube']", "location", "Place", family="normal", mean=(0.5, 0.0, 1.0), std=(1.0, 2.0, 0.25)),
        mark("scenes['Scene']", "cycles.max_bounces", "Bounces", items=("0", "4"), p=(0.25, 0.75), locked=True),
        mark("objects['Cube']", "hide_render", "Hidden", enabled=False),
        complete(Mark("Wear", "MATERIAL", (paths.ref_to(cube),), items=("Material", "Other"), p=(0.5, 0.5))),
        complete(Mark("Quality", "STATE", items=("fast", "slow"), p=(0.5, 0.5),
                      states=(((samples, 4), (bounces, 0)), ((samples, 64), (bounces, 4))))),
        complete(Mark("film:exposure", "FILM", mean=(0.0,), std=(0.5,))),
    ]


def test_write_and_read_give_the_same_marks(scene):
    mark_scene.write(scene, _marks(scene), ClassTable(
        ("background", "cube"), {"cube": CUBE}, {"background": 0, "cube": 16}))
    marks, classes = mark_scene.read(scene, disabled=True)
    assert [each.name for each in marks] == ["Energy", "Place", "Bounces", "Hidden", "Wear", "Quality",
                                             "film:exposure"]
    energy, place, bounces, hidden, wear, quality, film = marks
    assert (energy.family, energy.low, energy.high, energy.mean, energy.std) == (
        "lognormal", (0.1,), (500.0,), (20.5,), (11.25,))
    assert (place.mean, place.std, place.low, place.high) == ((0.5, 0.0, 1.0), (1.0, 2.0, 0.25), None, None)
    assert (bounces.items, bounces.p, bounces.locked) == (("0", "4"), (0.25, 0.75), True)
    assert (hidden.family, hidden.enabled) == ("bernoulli", False)
    assert (wear.targets[0].name, wear.items) == ("Cube", ("Material", "Other"))
    assert quality.states == _marks_states(scene)
    assert (film.film, film.mean) == ("exposure", (0.0,))
    assert classes == ClassTable(("background", "cube"), {"cube": CUBE},
                                 {"background": 0, "cube": 16})
    assert "Hidden" not in [each.name for each in mark_scene.read(scene)[0]]


def _marks_states(scene):
    samples, bounces = paths.ref_to(scene, "cycles.samples"), paths.ref_to(scene, "cycles.diffuse_bounces")
    return (((samples, 4), (bounces, 0)), ((samples, 64), (bounces, 4)))


def test_reading_twice_changes_nothing(scene):
    mark_scene.write(scene, _marks(scene))
    once = mark_scene.read(scene, disabled=True)
    mark_scene.write(scene, *once)
    assert mark_scene.read(scene, disabled=True) == once


def test_marks_survive_renaming_and_saving(scene, tmp_path):
    mark_scene.write(scene, _marks(scene), ClassTable(("background", "cube"), {"cube": CUBE}))
    bpy.data.objects["Cube"].name = "Würfel"
    bpy.data.lights["Light"].name = "Sonne"
    bpy.data.materials["Other"].name = "Anders"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "marked.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "marked.blend"))
    marks, classes = mark_scene.read(bpy.context.scene)
    by_name = {each.name: each for each in marks}
    assert by_name["Energy"].targets[0].name == "Sonne"
    assert by_name["Place"].targets[0].name == "Würfel"
    assert by_name["Wear"].items == ("Material", "Anders")
    assert classes.members["cube"] == (parse("objects['Würfel']", ""),)


def test_a_removed_data_block_is_told_with_the_mend(scene):
    mark_scene.add_mark(scene, Mark("Energy", targets=(paths.parse("lights['Light']", "energy"),)))
    bpy.data.lights.remove(bpy.data.lights["Light"])
    with pytest.raises(InputError, match="Mark 'Energy' points to a data-block that no longer exists: remove"):
        mark_scene.read(scene)


def test_an_object_deleted_in_the_window_is_told_too(scene):
    mark_scene.add_mark(scene, Mark("Place", targets=(paths.parse("objects['Cube']", "location"),)))
    # What Delete does in the window: it takes the object out of the scene, and the mark still uses it.
    bpy.data.objects["Cube"].users_collection[0].objects.unlink(bpy.data.objects["Cube"])
    with pytest.raises(InputError, match="'Cube' was deleted"):
        mark_scene.read(scene)


def test_a_broken_mark_keeps_no_other_from_being_added(scene):
    mark_scene.add_mark(scene, Mark(targets=(paths.parse("lights['Light']", "energy"),)))
    bpy.data.lights.remove(bpy.data.lights["Light"])
    mark_scene.add_mark(scene, Mark(targets=(paths.parse("objects['Cube']", "location"),)))
    assert len(scene.autosimulate.marks) == 2


def test_linked_data_is_refused_with_the_mend(scene, tmp_path):
    bpy.data.objects["Cube"].name = "Linked"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    scene = startup_scene()
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Linked"]
    scene.collection.objects.link(wanted.objects[0])
    with pytest.raises(InputError, match=r"linked from a library.*make .* local"):
        mark_scene.add_mark(scene, Mark(targets=(paths.ref_to(wanted.objects[0], "location"),)))
    assert not scene.autosimulate.marks


@pytest.mark.parametrize("one, two", [("location", "location"), ("location", "location[2]"),
                                      ("location[2]", "location[2]")])
def test_one_property_in_two_marks_is_refused_and_nothing_is_added(scene, one, two):
    mark_scene.add_mark(scene, Mark("Place", targets=(paths.parse("objects['Cube']", one),)))
    with pytest.raises(InputError, match="and so does mark 'Place'"):
        mark_scene.add_mark(scene, Mark(targets=(paths.parse("objects['Cube']", two),)))
    assert len(scene.autosimulate.marks) == 1
    mark_scene.add_mark(scene, Mark(targets=(paths.parse("objects['Cube']", "rotation_euler[2]"),)))
    mark_scene.add_mark(scene, Mark(targets=(paths.parse("objects['Cube']", "rotation_euler[1]"),)))
    assert len(scene.autosimulate.marks) == 3


@pytest.mark.parametrize(("data", "path", "text"), [
    ("objects['Cube']", "dimensions", "cannot be animated|read-only"),
    ("objects['Cube']", "name", "is not a number"),
    ("scenes['Scene']", "render.resolution_x", "cannot be animated"),
])
def test_what_cannot_be_drawn_is_refused(scene, data, path, text):
    with pytest.raises(InputError, match=text):
        mark_scene.add_mark(scene, Mark(targets=(paths.parse(data, path),)))
    assert not scene.autosimulate.marks


def test_states_must_set_the_same_properties(scene):
    samples, bounces = paths.ref_to(scene, "cycles.samples"), paths.ref_to(scene, "cycles.max_bounces")
    with pytest.raises(InputError, match="do not both set"):
        mark_scene.add_mark(scene, Mark(kind="STATE", items=("a", "b"),
                                        states=(((samples, 4),), ((bounces, 2),))))


def test_fifty_four_states_captured_from_the_scene(scene):
    """The paper's categorical: 3 samples x 3 bounces x 6 places."""
    refs = [paths.ref_to(scene, "cycles.samples"), paths.ref_to(scene, "cycles.max_bounces"),
            paths.parse("objects['Cube']", "location")]
    captured = []
    for number in range(54):
        scene.cycles.samples, scene.cycles.max_bounces = 4 ** (number % 3), 2 * (number // 3 % 3)
        bpy.data.objects["Cube"].location = (number // 9, 0.5, 0.0)
        captured.append(states.capture(refs))
    mark_scene.add_mark(scene, Mark("Configuration", "STATE", items=tuple(str(number) for number in range(54)),
                                    states=tuple(captured)))
    found = mark_scene.read(scene)[0][0]
    assert len(found.states) == 54
    assert found.states == tuple(captured)
    assert dict(found.states[53])[refs[2]] == [5.0, 0.5, 0.0]
    shared = factor_of(found).shared
    assert [max(groups) + 1 for groups in shared] == [3, 3, 6]
    assert shared[0] == tuple(number % 3 for number in range(54))
    assert shared[2] == tuple(number // 9 for number in range(54))


def test_a_camera_starts_so_that_it_still_sees_the_scene(scene):
    """One click on Camera, Location: nearly all draws show the cube, unless something turns the camera after it."""
    camera, cube = scene.camera, bpy.data.objects["Cube"]
    for path in ("location", "rotation_euler"):
        mark_scene.add_mark(scene, Mark(targets=(paths.parse("objects['Camera']", path),)))
    place, turn = mark_scene.read(scene)[0]
    rng, seen = np.random.default_rng(1), 0
    for _ in range(200):
        camera.location = rng.normal(place.mean, place.std)
        camera.rotation_euler = rng.uniform(turn.low, turn.high)
        bpy.context.view_layer.update()
        x, y, depth = world_to_camera_view(scene, camera, cube.matrix_world.translation)
        seen += 0 < x < 1 and 0 < y < 1 and depth > 0
    assert seen > 180
    mark_scene.remove_mark(scene, place.name)
    camera.constraints.new("TRACK_TO").target = cube
    mark_scene.add_mark(scene, Mark(targets=(paths.parse("objects['Camera']", "location"),)))
    assert mark_scene.read(scene)[0][1].std[0] > 3 * place.std[0]


def test_names_are_unique_and_speak(scene):
    first = mark_scene.add_mark(scene, Mark(targets=(paths.parse("lights['Light']", "energy"),)))
    assert first.name == "Light Power"
    assert mark_scene.unique_name("Light Power", [first.name]) == "Light Power 2"
    assert mark_scene.find_marks(scene, paths.parse("lights['Light']", "energy")) == ["Light Power"]
    mark_scene.remove_mark(scene, "Light Power")
    bpy.data.objects["Light"].name = "Lamp_Key"
    assert mark_scene.default_name([paths.parse("lights['Light']", "energy")]) == "Lamp_Key Power"
    assert not scene.autosimulate.marks


@pytest.mark.parametrize(("change", "text"), [
    (lambda groups: setattr(groups.add(), "name", "cube"), "Two classes are named"),
    (lambda groups: setattr(groups[0], "validation_id", 0), "validation id 0"),
    (lambda groups: setattr(groups[0], "name", ""), "no name"),
    (lambda groups: setattr(groups[0].members[0], "id", None), "only members that were deleted"),
])
def test_unusable_classes_are_refused(scene, change, text):
    mark_scene.write_classes(scene, ClassTable(("background", "cube"), {"cube": CUBE}))
    change(scene.autosimulate.classes)
    with pytest.raises(InputError, match=text):
        mark_scene.read_classes(scene)


def test_registering_is_done_once_and_undone(scene):
    properties.ensure_registered()
    assert properties.registered()
    properties.unregister()
    assert not properties.registered()
    properties.ensure_registered()
    assert properties.registered()


def test_describe_lists_marks_and_suggestions(scene):
    mark_scene.add_mark(scene, Mark(targets=(paths.parse("lights['Light']", "energy"),)))
    marks, _ = mark_scene.read(scene)
    rows = describe.marked_rows(marks) + describe.suggested_rows(scene, marks)
    assert rows[0].status == "marked" and rows[0].data == ("lights['Light']",) and rows[0].unit == "W"
    could = {row.name for row in rows if row.status == "could be"}
    assert {"Bounces", "Samples", "Light Color", "World Strength", "Location of Objects",
            "Roughness of Materials"} <= could
    assert "Light Power" not in could


@pytest.mark.parametrize("place", [(float("nan"), 0.0, 0.0), (1e30, 0.0, 0.0), (0.0, 500.0, 0.0)])
def test_what_stands_nowhere_says_nothing_of_the_size_of_the_scene(scene, place):
    own = defaults.complete(mark("objects['Cube']", "location"))
    mesh = bpy.data.meshes.new("Stray")
    stray = bpy.data.objects.new("Stray", mesh)
    stray.location = place
    scene.collection.objects.link(stray)
    bpy.context.view_layer.update()
    assert defaults.complete(mark("objects['Cube']", "location")) == own


def test_limits_of_several_components_are_written_without_a_word(scene, capfd):
    colour = defaults.complete(mark("lights['Light']", "color"))
    assert colour.family == "bounded" and len(colour.low) == 3
    mark_scene.write(scene, [colour], ClassTable())
    read, = mark_scene.read(scene)[0]
    assert (read.low, read.high) == (colour.low, colour.high)
    assert "Traceback" not in "".join(capfd.readouterr())
