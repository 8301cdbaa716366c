"""Depth, normals, intrinsics and poses: together they put every pixel of a cube back on the cube's surface."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.core.render_file import pack, unpack
from autosimulate_addon.protocol import InputError, SampleKey
from tests.run import scenes

KEY = SampleKey(1, 2, 3)
HALF = 0.6                     # of the cube's edge


@pytest.fixture
def scene(tmp_path):
    scenes.build_scene(tmp_path / "scene.blend")
    scene = bpy.context.scene
    scene.camera.data.shift_x, scene.camera.data.shift_y = 0.1, -0.05
    scene.camera.scale = (2.0, 2.0, 2.0)
    scene.render.pixel_aspect_x = 1.25
    bpy.data.objects["Ground"].scale = (0.25, 0.25, 1.0)        # with nothing behind it
    box = bpy.data.objects["Box"]
    box.rotation_euler, box.scale = (0.2, 0.4, 0.7), (1.0, 1.5, 0.8)
    return scene


def session(scene, *extras):
    return RenderSession(scene, [], ClassTable(), RenderSettings(96, 72, 1, extras=extras))


def test_every_pixel_of_a_cube_lies_on_it(scene):
    with session(scene, "depth", "normal", "pose") as renders:
        render = renders.render({}, KEY)
        number, ground = (renders._labels.numbers[name, None] for name in ("Box", "Ground"))
    told = render.extras
    pose = told["poses"][list(told["posed"]).index(number)]
    rows, columns = np.nonzero(render.instances == number)
    assert len(rows) > 100
    depth = told["depth"][rows, columns]
    pixels = np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
    seen = np.linalg.inv(told["camera"]) @ pixels * depth                       # x right, y down, z forward
    local = (np.linalg.inv(pose) @ np.vstack([seen, np.ones(len(rows))]))[:3]
    assert np.abs(local).max(0) == pytest.approx(HALF, abs=1e-3)
    normals = told["normal"][rows, columns]
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert told["normal"][render.instances == ground].mean(0) == pytest.approx([0, 0, 1], abs=0.05)
    assert np.array_equal(np.isinf(told["depth"]), render.instances == 0) and (render.instances == 0).any()
    again = unpack(KEY, pack(render))
    assert all(np.array_equal(again.extras[name], value) for name, value in told.items())


def test_nothing_is_told_that_nobody_asked_for(scene):
    with session(scene) as renders:
        plain = renders.render({}, KEY)
    assert not plain.extras
    with session(scene, "depth", "normal", "pose") as renders:
        assert np.array_equal(renders.render({}, KEY).layers, plain.layers)


def test_a_camera_without_intrinsics_is_refused(scene):
    scene.camera.data.type = "ORTHO"
    with pytest.raises(InputError, match="not a perspective one"):
        session(scene, "pose")
    session(scene, "depth")
