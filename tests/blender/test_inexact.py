"""Labels stay exact under depth of field, and what cannot be in the images is said before anything is rendered."""

import bpy
import numpy as np
import pytest

from autosimulate_addon.blender.marks.mark import ClassTable
from autosimulate_addon.blender.render import sharp
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from tests.blender import scenes
from tests.blender.checks import SIZE, assert_mask
from tests.blender.rna_dump import differences, dump
from tests.blender.scenes import mark
from tests.blender.test_session_masks import ONE_BALL, add_compositor, one_ball

TABLE = ClassTable(("background",), {}, {"background": 0})


def blur(camera, fstop=0.05):
    camera.data.dof.use_dof, camera.data.dof.focus_distance, camera.data.dof.aperture_fstop = True, 2.0, fstop


def notes(scene, *marks):
    return RenderSession(scene, list(marks), TABLE, RenderSettings(16, 12)).notes


@pytest.mark.parametrize("samples", [1, 16])
def test_depth_of_field_blurs_the_image_and_not_the_labels(samples):
    scene, table = one_ball()
    plain = scenes.render(scene, table, size=SIZE, samples=samples)
    blur(scene.camera)
    before = dump()
    blurred = scenes.render(scene, table, size=SIZE, samples=samples)
    assert not differences(before, dump())
    assert_mask(blurred.labels, ONE_BALL)
    assert np.array_equal(blurred.labels, plain.labels) and np.array_equal(blurred.instances, plain.instances)
    assert np.abs(scenes.combined(blurred) - scenes.combined(plain)).max() > 0.01


def test_depth_of_field_of_a_camera_that_a_marker_binds():
    scene, table = one_ball()
    other = bpy.data.objects.new("Other", scene.camera.data.copy())
    other.location, other.rotation_euler = scene.camera.location, scene.camera.rotation_euler
    scene.collection.objects.link(other)
    blur(other)
    scene.timeline_markers.new("cut", frame=scene.frame_current).camera = other
    assert_mask(scenes.render(scene, table, size=SIZE).labels, ONE_BALL)
    assert other.data.dof.use_dof


def test_depth_of_field_that_a_driver_switches_on():
    scene, table = one_ball()
    plain = scenes.combined(scenes.render(scene, table, size=SIZE))
    blur(scene.camera)
    scene.camera.data.dof.use_dof = False
    curve = scene.camera.data.driver_add("dof.use_dof")
    curve.driver.expression = "1"
    blurred = scenes.render(scene, table, size=SIZE)
    assert_mask(blurred.labels, ONE_BALL)
    assert np.abs(scenes.combined(blurred) - plain).max() > 0.01 and not curve.mute


def test_drawn_depth_of_field_is_seen_draw_by_draw():
    scene, table = one_ball()
    blur(scene.camera)
    switch = mark("blur", "cameras['Camera']", "dof.use_dof")
    with RenderSession(scene, [switch], table, RenderSettings(*SIZE)) as session:
        sharp_image, blurred = (session.render({"blur": np.array([[on]])}, scenes.KEY) for on in (0, 1))
    assert_mask(blurred.labels, ONE_BALL)
    assert np.array_equal(sharp_image.labels, blurred.labels)
    assert not np.array_equal(scenes.combined(sharp_image), scenes.combined(blurred))


def test_settings_come_back_when_the_sharp_render_fails():
    scene, _ = one_ball()
    blur(scene.camera)
    with pytest.raises(RuntimeError), sharp.sharp(scene, sharp.blurred_cameras(scene)):
        assert not scene.camera.data.dof.use_dof and scene.cycles.samples == 1
        raise RuntimeError
    assert scene.camera.data.dof.use_dof and scene.cycles.samples == 4


def test_a_plain_scene_has_no_notes():
    scene, _ = one_ball()
    scenes.light("Key", (3, -4, 5))
    assert notes(scene, mark("energy", "lights['Key']", "energy")) == ()


def test_a_compositor_that_changes_the_picture_is_said():
    scene, _ = one_ball()
    add_compositor(scene)
    assert len(notes(scene)) == 1 and "compositor is not used" in notes(scene)[0]
    scene.render.use_compositing = False
    assert notes(scene) == ()


def test_a_sequencer_is_said():
    scene, _ = one_ball()
    scene.sequence_editor_create()
    strips = getattr(scene.sequence_editor, "strips", None) or scene.sequence_editor.sequences
    length = {"length": 10} if bpy.app.version >= (5, 0, 0) else {"frame_end": 10}
    strips.new_effect("Red", "COLOR", 1, 1, **length)
    assert len(notes(scene)) == 1 and "sequencer is not used" in notes(scene)[0]


def test_a_negative_light_that_would_be_drawn_positive_is_said():
    scene, _ = one_ball()
    scenes.light("Key", (3, -4, 5), energy=-500.0)
    said = notes(scene, mark("energy", "lights['Key']", "energy", family="lognormal"))
    assert len(said) == 1 and "lights['Key'].energy is -500" in said[0] and "draws positive values only" in said[0]


def test_a_negative_light_takes_light_away_also_beside_one_that_is_learnable():
    scene, _ = one_ball()
    scenes.light("Key", (3, -4, 5))
    draw = {"energy": np.array([[500.0]])}
    energy = mark("energy", "lights['Key']", "energy")
    without = scenes.combined(scenes.render(scene, TABLE, [energy], draw, samples=16))
    scenes.light("Shade", (-3, -4, 5), energy=-300.0)
    with_it = scenes.render(scene, TABLE, [energy], draw, samples=16)
    exact = scenes.combined(scenes.render(scene, TABLE, samples=16))
    assert len(with_it.layers) == 1
    assert np.allclose(scenes.combined(with_it), exact, atol=2e-3)
    assert scenes.combined(with_it).mean() < without.mean()
    assert [text for text in notes(scene, energy) if text.startswith("lights['Shade'] takes light away")]


def test_a_normal_light_may_be_negative():
    scene, _ = one_ball()
    scenes.light("Key", (3, -4, 5), energy=-300.0)
    energy = mark("energy", "lights['Key']", "energy", family="normal", mean=(-300.0,), std=(10.0,))
    images = [scenes.combined(scenes.render(scene, TABLE, [energy], {"energy": np.array([[value]])}, samples=16))
              for value in (-300.0, 0.0)]
    assert images[0].mean() < images[1].mean()
