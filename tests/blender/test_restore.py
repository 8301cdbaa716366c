"""The scene after a session is the scene before: every RNA value of every data-block."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.render import session as session_module
from autosimulate_addon.blender.render.drawing import Drawer
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import AutoSimulateError, InputError
from tests.blender import scenes
from tests.blender.rna_dump import differences, dump
from tests.blender.scenes import KEY, a_draw, all_marks, busy_scene


def test_a_session_leaves_every_value_as_it_was():
    scene, marks = busy_scene(), all_marks()
    table = scenes.classes(box=["objects:A", "objects:B"], lamp=["materials:Lamp"])
    before = dump()
    assert len(before) > 5000       # the comparer looks at the whole file
    generator = np.random.default_rng(0)
    with RenderSession(scene, marks, table, RenderSettings(32, 24)) as session:
        for sample in range(3):
            session.render(a_draw(marks, generator), KEY._replace(sample=sample))
        assert differences(before, dump())      # ... and would see a change
    assert differences(before, dump()) == []


@pytest.mark.parametrize("failing", ["read", "render", "draw"])
def test_an_error_in_the_middle_leaves_every_value_as_it_was(failing, monkeypatch):
    scene, marks = busy_scene(), all_marks()
    before = dump()
    draw = a_draw(marks, np.random.default_rng(1))
    expected = AutoSimulateError
    if failing == "read":
        monkeypatch.setattr(session_module.exr, "read", lambda path: (_ for _ in ()).throw(ValueError("cut off")))
    elif failing == "draw":
        draw["place"] = np.full((2, 3), np.nan)
        expected = InputError
    session = RenderSession(scene, marks, scenes.classes(box=["objects:A"]), RenderSettings(32, 24))
    with pytest.raises(expected), session:
        if failing == "render":
            session.stage.render.filepath = "/dev/null/not a folder.exr"
        session.render(draw, KEY)
    assert differences(before, dump()) == []
    assert not bpy.app.handlers.frame_change_post


def test_entering_fails_without_a_change():
    scene = busy_scene()
    session = RenderSession(scene, all_marks(), scenes.classes(), RenderSettings(32, 24))
    bpy.data.objects.remove(bpy.data.objects["A"])
    before = dump()
    with pytest.raises(InputError, match="is not in the file"), session:
        pass
    assert differences(before, dump()) == []


def test_a_drawer_alone_puts_everything_back():
    scene, marks = busy_scene(), all_marks()
    before = dump()
    with Drawer(scene, marks) as drawer:
        for seed in range(5):
            drawer.put(a_draw(marks, np.random.default_rng(seed)))
    assert differences(before, dump()) == []


def test_nothing_is_left_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(session_module.scratch, "make", lambda: str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    scenes.render(scenes.start())
    assert not list(tmp_path.iterdir())
