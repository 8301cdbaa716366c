"""What is said of a scene and of a run's settings before anything is rendered."""

from __future__ import annotations

import bpy

from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.optimization.checked_run import _too_short
from autosimulate_addon.run.scene.marked_scene import _engine


def test_a_scene_of_another_engine_is_told_that_cycles_renders_it():
    scene = bpy.context.scene
    before = scene.render.engine
    try:
        for engine in ("BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH"):
            scene.render.engine = engine
            assert "rendered by Cycles" in _engine(scene)[0]
        scene.render.engine = "CYCLES"
        assert _engine(scene) == ()
    finally:
        scene.render.engine = before


def test_a_run_that_is_all_warming_up_is_told_so():
    assert "2 iterations only train" in _too_short(RunConfig(iterations=2, match=False))[0]
    assert _too_short(RunConfig(iterations=3, match=False)) == ()
    assert _too_short(RunConfig(iterations=2)) == ()        # the first of which matches
    assert _too_short(RunConfig(iterations=2, method="random")) == ()
