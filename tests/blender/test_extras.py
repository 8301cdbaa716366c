"""Depth, normals, intrinsics and poses: together they put every pixel of a cube back on the cube's surface."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.silhouette import covered
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


def test_a_silhouette_is_what_is_rendered_with_nothing_before_it(scene):
    box = bpy.data.objects["Box"]
    box.location.x += 1.5                                                       # some of it beyond the image
    screen = bpy.data.objects.new("Screen", bpy.data.objects["Ground"].data)
    screen.matrix_world = scene.camera.matrix_world.normalized()
    screen.location = scene.camera.location.lerp(box.location, 0.5)
    screen.scale = (0.01, 0.3, 1.0)
    behind = bpy.data.objects.new("Behind", bpy.data.objects["Box"].data)
    behind.location = scene.camera.location
    for block in (screen, behind):
        scene.collection.objects.link(block)
    bpy.context.view_layer.update()
    seen, told = [], []
    for hidden in (False, True):
        screen.hide_render = bpy.data.objects["Ground"].hide_render = hidden
        behind.hide_render = True
        with session(scene, "amodal") as renders:
            render = renders.render({}, KEY)
            number = renders._labels.numbers["Box", None]
        row = list(render.extras["whole"]).index(number)
        seen.append(render.instances == number)
        told.append({name: render.extras[name][row] for name in ("whole_masks", "whole_boxes", "whole_pixels")})
    covered, whole = seen
    assert 0 < covered.sum() < 0.9 * whole.sum()
    for each in told:
        assert (each["whole_masks"] ^ whole).sum() < 0.06 * whole.sum()         # a pixel's sample is not at its centre
        assert each["whole_pixels"] > 1.02 * whole.sum() and each["whole_boxes"][2] > 96
        left, top, _, bottom = each["whole_boxes"]
        rows, columns = np.nonzero(whole)
        assert left == pytest.approx(columns.min(), abs=1.1)
        assert top < rows.min() + 1.1 and bottom > rows.max() - 0.1
    behind.hide_render = False
    with session(scene, "amodal") as renders:
        assert renders._labels.numbers["Behind", None] not in renders.render({}, KEY).extras["whole"]


def test_a_silhouette_of_triangles_of_all_sizes():
    big, small = [[-5, -5], [30, -5], [-5, 30]], [[8.4, 9.4], [8.6, 9.4], [8.5, 9.6]]
    mask = covered(np.array([big, small, np.flip(small, 0)]) * 1.0, (12, 10))
    rows, columns = np.mgrid[:10, :12] + 0.5
    assert np.array_equal(mask, rows + columns <= 25)
    assert np.argwhere(covered(np.array([small]) * 1.0, (12, 10))).tolist() == [[9, 8]]
    assert not covered(np.empty((0, 3, 2)), (12, 10)).any()


def test_a_keypoint_is_seen_hidden_or_absent(scene):
    """Corners of the box: each is where its pixel is, and is seen where no surface lies before it."""
    scene.camera.data.shift_x = scene.camera.data.shift_y = 0.0
    box = bpy.data.objects["Box"]
    box.location.z = 1.5
    corners = {f"{x:+d}{y:+d}{z:+d}": (HALF * x, HALF * y, HALF * z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)}
    for name, place in {**corners, "away": (90.0, 0.0, 0.0)}.items():
        empty = bpy.data.objects.new(name, None)
        empty.parent, empty.location = box, place
        scene.collection.objects.link(empty)
    bpy.context.view_layer.update()
    table = ClassTable(("background", "box"), {"box": (paths.ref_to(box),)},
                       keypoints={name: (paths.ref_to(bpy.data.objects[name]),) for name in (*corners, "away")})
    with RenderSession(scene, [], table, RenderSettings(96, 72, 1, extras=("keypoints", "pose"))) as renders:
        render = renders.render({}, KEY)
    told = render.extras
    assert set(told) == {"camera", "posed", "poses", "keypointed", "keypoints"}
    number, = told["keypointed"]
    pose = told["poses"][list(told["posed"]).index(number)]
    (*points, away), = told["keypoints"]
    assert away.tolist() == [0, 0, 0]
    flags = {}
    for (*found, flag), place in zip(points, corners.values(), strict=True):
        x, y, depth = told["camera"] @ (pose @ [*place, 1.0])[:3]
        x, y = x / depth, y / depth
        if 0 <= x < 96 and 0 <= y < 72:
            assert found == pytest.approx([x, y], abs=1e-3)
            flags[depth] = flag
        else:
            assert (*found, flag) == (0, 0, 0)
    assert len(flags) >= 5 and flags[min(flags)] == 2 and flags[max(flags)] == 1 and set(flags.values()) == {1, 2}
    lone = bpy.data.objects.new("Lone", None)
    scene.collection.objects.link(lone)
    with pytest.raises(InputError, match=r"'Lone'.*belongs to no object of a class"):
        RenderSession(scene, [], replace(table, keypoints={"a": (paths.ref_to(lone),)}),
                      RenderSettings(96, 72, 1, extras=("keypoints",)))


def test_a_camera_without_intrinsics_is_refused(scene):
    scene.camera.data.type = "ORTHO"
    with pytest.raises(InputError, match="not a perspective one"):
        session(scene, "pose")
    session(scene, "depth")
