"""States through the operators: adding properties, capturing, taking out again."""

from __future__ import annotations

import bpy
import pytest

from autosimulate_addon.blender.marks import mark_scene, states_scene
from autosimulate_addon.blender.paths import parse
from autosimulate_addon.ui import panel_data
from tests.ui.test_marking import sentence

ops = bpy.ops.autosimulate
BOUNCES = {"data": "scenes['Scene']", "path": "cycles.max_bounces"}
ENERGY = {"data": "lights['Light']", "path": "energy"}


@pytest.fixture
def two(scene):
    """States of two properties, two of them."""
    scene.cycles.max_bounces, bpy.data.lights["Light"].energy = 2, 100.0
    ops.states_add(**BOUNCES)
    ops.states_add(**ENERGY)
    scene.cycles.max_bounces, bpy.data.lights["Light"].energy = 8, 900.0
    ops.capture_state()
    return scene


def test_states_are_what_was_captured(two):
    mark, = mark_scene.read(two)[0]
    assert mark.items == ("State 1", "State 2") and mark.p == (0.5, 0.5)
    assert [[value for _, value in state] for state in mark.states] == [[2, 100.0], [8, 900.0]]
    assert panel_data.refresh(two).rows[mark.name].problem == ""
    ops.draw_sample(seed=3)
    assert (two.cycles.max_bounces, bpy.data.lights["Light"].energy) in [(2, 100.0), (8, 900.0)]


def test_a_single_state_says_what_to_do_next(scene):
    ops.states_add(**BOUNCES)
    assert "Capture State" in panel_data.refresh(scene).rows["States"].problem
    assert len(scene.autosimulate.marks) == 1


def test_a_further_property_gets_the_present_value_in_every_state(two):
    bpy.data.objects["Cube"].location = 1, 2, 3
    ops.states_add(data="objects['Cube']", path="location")
    mark, = mark_scene.read(two)[0]
    assert [state[-1][1] for state in mark.states] == [[1, 2, 3], [1, 2, 3]]


def test_a_property_has_one_owner(two):
    assert "already" in sentence(lambda: ops.states_add(**BOUNCES))
    sentence(lambda: ops.mark(**ENERGY))
    ops.mark(data="objects['Cube']", path="location")
    assert "already" in sentence(lambda: ops.states_add(data="objects['Cube']", path="location", index=1))
    assert len(two.autosimulate.marks) == 2


def test_taken_out_property_by_property(two):
    assert states_scene.find_states(two, parse(**ENERGY)) == ["States"]
    assert states_scene.remove_property(two, parse(**ENERGY)) == ["States"]
    mark, = mark_scene.read(two)[0]
    assert [len(state) for state in mark.states] == [1, 1]
    states_scene.remove_property(two, parse(**BOUNCES))
    assert len(two.autosimulate.marks) == 0


def test_what_cannot_be_set_says_why(scene):
    assert "no property" in sentence(lambda: ops.states_add(data="objects['Cube']", path="nonsense"))
    assert "right-click" in sentence(lambda: ops.states_add())
    ops.mark_common(what="LIGHTS")
    with pytest.raises(RuntimeError):
        ops.capture_state()
    assert len(scene.autosimulate.marks) == 1
