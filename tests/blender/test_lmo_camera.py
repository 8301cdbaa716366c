"""The LM-O scene's camera and models against the ground truth: poses projected by Blender must give BOP's masks."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Matrix  # noqa: E402

from autosimulate_addon.blender.scenes import lmo as lmo_scene  # noqa: E402

WIDTH, HEIGHT = 640, 480


def _emission(number):
    """A material that renders as exactly ``number`` in the red channel."""
    made = bpy.data.materials.new(f"Index {number}")
    if made.node_tree is None:
        made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    emission, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    emission.inputs["Color"].default_value = (number / 255.0,) * 3 + (1.0,)
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    return made


def _index_image(scene, path):
    """(HEIGHT, WIDTH) which object is at each pixel's centre, as rendered by Cycles."""
    image_settings = scene.render.image_settings
    image_settings.file_format, image_settings.color_mode, image_settings.color_depth = "PNG", "RGB", "8"
    scene.view_settings.view_transform = "Raw"
    scene.render.dither_intensity = 0.0
    scene.cycles.samples, scene.cycles.max_bounces = 1, 0
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.empty(WIDTH * HEIGHT * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.rint(pixels.reshape(HEIGHT, WIDTH, 4)[::-1, :, 0] * 255.0).astype(int)


def _mask(path):
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.rint(pixels.reshape(height, width, 4)[::-1, :, 0] * 255.0).astype(int)


def _pose(found):
    """Model to camera, in Blender's axes and metres: OpenCV's y and z point the other way."""
    pose = np.eye(4)
    pose[:3, :3] = np.reshape(found["cam_R_m2c"], (3, 3))
    pose[:3, 3] = np.asarray(found["cam_t_m2c"]) / 1000.0
    return Matrix((np.diag((1.0, -1.0, -1.0, 1.0)) @ pose).tolist())


def test_poses_projected_by_blender_match_the_masks(shared_data, tmp_path):
    folder = shared_data / "lmo"
    scene = lmo_scene.build(folder)
    keep = set(lmo_scene.OBJECTS) | {"Camera"}
    for made in list(scene.objects):
        if made.name not in keep:
            bpy.data.objects.remove(made)
    scene.world = None
    scene.camera.parent = None
    scene.camera.location = scene.camera.rotation_euler = (0.0, 0.0, 0.0)
    for name, number in lmo_scene.OBJECTS.items():
        data = bpy.data.objects[name].data
        data.materials.clear()
        data.materials.append(_emission(number * 16))
    poses = json.loads((folder / "val" / "scene_gt.json").read_text())
    agreement = []
    for image_id in sorted(poses, key=int)[::14]:
        for name, number in lmo_scene.OBJECTS.items():
            made = bpy.data.objects[name]
            found = [pose for pose in poses[image_id] if pose["obj_id"] == number]
            made.hide_render = not found
            if found:
                made.matrix_world = _pose(found[0])
        rendered = _index_image(scene, tmp_path / f"{image_id}.png")
        truth = _mask(folder / "val" / "masks" / f"{int(image_id):06d}.png")
        for number in lmo_scene.OBJECTS.values():
            one, other = rendered == 16 * number, truth == 16 * number
            if other.sum() > 60:
                agreement.append((one & other).sum() / (one | other).sum())
    assert len(agreement) >= 30
    assert np.median(agreement) > 0.98
    assert np.mean(np.array(agreement) > 0.9) > 0.9
