"""The fields of a mark: what is typed is what is drawn, before and after a run; families, targets, choices."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.marks import editing, learned, mark_scene, psi_properties
from autosimulate_addon.ui import panel_data
from tests.ui.test_marking import sentence

ops = bpy.ops.autosimulate


@pytest.fixture
def light(scene):
    """A light whose energy is learnable."""
    ops.mark_common(what="LIGHTS")
    return bpy.data.lights["Light"]


@pytest.fixture
def places(scene):
    """Three objects that share a distribution of places."""
    for obj in scene.objects:
        obj.select_set(True)
    ops.mark_selected(path="location", shared=True)
    return scene.autosimulate.marks[0]


def learn(scene, **psi):
    """As Keep does after a run."""
    marks, _ = mark_scene.read(scene)
    psi_properties.write(scene, marks, {marks[0].name: psi})


def drawn(scene) -> dict:
    data = panel_data.refresh(scene)
    assert not data.problem and not data.rows[scene.autosimulate.marks[0].name].problem, data
    return data.psi[scene.autosimulate.marks[0].name]


def test_what_is_typed_is_drawn_before_and_after_a_run(scene, light):
    mark = scene.autosimulate.marks[0]
    field = editing.field("mean", "W")
    setattr(mark, field, (500.0, 0, 0, 0))
    assert mark.mean[0] == drawn(scene)["mean"][0] == 500.0
    learn(scene, mean=[2200.125], std=[5470.1])
    assert getattr(mark, field)[0] == pytest.approx(2200.125) and mark.mean[0] == 500.0
    setattr(mark, field, (3000.0, 0, 0, 0))
    assert drawn(scene) == {"mean": [3000.0], "std": [5470.1]}      # the spread, not touched, to the last digit
    assert psi_properties.read(scene, mark_scene.read(scene)[0])["Light Power"]["mean"] == [3000.0]
    assert light.id_properties_ui("psi.energy.mean").as_dict()["subtype"] == "POWER"
    assert panel_data.refresh(scene).rows["Light Power"].start.startswith("500 ±")
    assert ops.reset(name="Light Power") == {"FINISHED"}
    assert drawn(scene)["mean"] == [500.0] and "psi.energy.mean" not in light


def test_a_shared_distribution_is_changed_at_every_member(scene, places):
    learn(scene, mean=[1.0, 2.0, 3.0], std=[0.5, 0.5, 0.5])
    setattr(places, editing.field("mean", "m"), (1.0, 7.0, 3.0, 0.0))
    assert drawn(scene)["mean"] == [1.0, 7.0, 3.0]
    assert [list(obj["psi.location.mean"]) for obj in scene.objects] == [[1.0, 7.0, 3.0]] * 3


def test_probabilities_of_a_run_keep_summing_to_one(scene):
    ops.mark_common(what="BOUNCES")
    mark = scene.autosimulate.marks[0]
    count = len(mark.items)
    learn(scene, p=np.linspace(1, 2, count) / np.linspace(1, 2, count).sum())
    mark.items[0].shown_p = 0.4
    p = drawn(scene)["p"]
    assert p[0] == pytest.approx(0.4) and sum(p) == pytest.approx(1.0) and mark.items[0].shown_p == pytest.approx(0.4)
    ops.choice_remove(index=0)
    assert sum(drawn(scene)["p"]) == pytest.approx(1.0) and len(drawn(scene)["p"]) == count - 1
    ops.choice_add(value=99)
    assert drawn(scene)["p"][-1] == pytest.approx(1 / count)


@pytest.mark.parametrize("remove", ["list", "right-click"])
def test_removed_and_marked_again_is_new(scene, light, remove):
    learn(scene, mean=[2200.0], std=[5500.0])
    if remove == "list":
        ops.mark_remove()
    else:
        mark_scene.remove_mark(scene, "Light Power")
    assert "psi.energy.mean" not in light and "psi.energy.std" not in light
    ops.mark_common(what="LIGHTS")
    assert drawn(scene)["mean"] == [1000.0]


@pytest.mark.parametrize(("data", "path", "families"), [
    ("lights['Light']", "energy", {"normal", "lognormal", "bounded"}),
    ("scenes['Scene']", "cycles.max_bounces", {"integer", "normal", "lognormal", "bounded"}),
    ("objects['Cube']", "hide_render", {"bernoulli"}),
    ("lights['Light']", "type", {"categorical"}),
])
def test_only_families_that_the_property_can_have_are_offered_and_each_works(scene, data, path, families):
    ops.mark(data=data, path=path)
    mark = scene.autosimulate.marks[0]
    assert set(editing.families(mark)) == families
    for family in (*families, *families):
        mark.shown_family = family.upper()
        assert mark.family == family.upper()
        drawn(scene)
    with pytest.raises(TypeError):
        mark.shown_family = ({"NORMAL", "CATEGORICAL"} - {family.upper() for family in families}).pop()


def test_a_bounded_family_has_its_limits_in_the_fields(scene, light):
    mark = scene.autosimulate.marks[0]
    mark.use_high, mark.high = True, (5000.0, 0, 0, 0)
    mark.shown_family = "NORMAL"
    assert mark.high[0] == 5000.0
    ops.mark(data="objects['Cube']", path="rotation_euler", index=2)
    turn = scene.autosimulate.marks[1]
    turn.shown_family = "NORMAL"
    turn.shown_family = "BOUNDED"
    assert turn.low[0] == pytest.approx(-np.pi) and turn.high[0] == pytest.approx(np.pi)


def test_one_deleted_object_leaves_the_others_learnable(scene, places):
    ops.class_add(name="thing")
    ops.class_assign(what="OBJECTS")
    cube = scene.objects["Cube"]
    scene.collection.children[0].objects.unlink(cube)   # as Delete does: our pointers keep it in the file
    data = panel_data.refresh(scene)
    assert not data.problem and not data.rows[places.name].problem
    assert len(data.notes) == 2 and all("'Cube'" in note for note in data.notes)
    assert data.rows[places.name].targets[0][1:] == ("Cube: deleted", False)
    assert ops.draw_sample(seed=1) == {"FINISHED"}
    assert ("objects", "Cube") not in mark_scene.read_classes(scene).members["thing"]
    assert ops.drop_deleted() == {"FINISHED"}
    assert len(places.targets) == 2 and len(scene.autosimulate.classes[0].members) == 2
    assert panel_data.refresh(scene).notes == []
    ops.target_remove(index=0)
    assert len(places.targets) == 1
    assert "only one" in sentence(lambda: ops.target_remove(index=0))


def test_psi_of_another_file_is_taken_over_and_told(scene, capfd):
    light = bpy.data.lights["Light"]
    light["psi.energy.mean"], light["psi.energy.std"] = 50.0, 5.0
    ops.mark(data="lights['Light']", path="energy")
    assert "learned of it before" in capfd.readouterr().out
    assert drawn(scene)["mean"] == [50.0] and learned.learned(scene.autosimulate.marks[0], "std") == [5.0]
