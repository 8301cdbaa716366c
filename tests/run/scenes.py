"""Small things to run jobs on: a scene that renders in milliseconds, and a folder of labelled images."""

from pathlib import Path

import bpy
import numpy as np
from PIL import Image

from autosimulate_addon.blender.marks import properties

#: Two learnable numbers, two classes.
MARKS = """
[[learnable]]
name = "power"
data = "lights['Lamp']"
path = "energy"
family = "lognormal"
mean = 60.0
std = 40.0
low = 1.0
high = 2000.0

[[learnable]]
name = "place"
data = ["objects['Ball']", "objects['Box']"]
path = "location"
index = 0
family = "normal"
mean = 0.0
std = 0.8
low = -2.0
high = 2.0

[classes]
ball = ["objects['Ball']"]
box = ["objects['Box']"]

[settings]
width = 16
height = 12
samples = 1
iterations = 4
images = 4
epochs = 1
"""


def build_scene(path: Path) -> Path:
    """A ball, a box, a ground, a lamp and a camera, without marks."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    properties.ensure_registered()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.max_bounces, scene.cycles.use_denoising = 1, 1, False
    bpy.ops.mesh.primitive_plane_add(size=20.0)
    bpy.context.object.name = "Ground"
    bpy.ops.mesh.primitive_ico_sphere_add(radius=0.7, subdivisions=2, location=(-0.8, 0.0, 0.7))
    bpy.context.object.name = "Ball"
    bpy.ops.mesh.primitive_cube_add(size=1.2, location=(0.8, 0.4, 0.6))
    bpy.context.object.name = "Box"
    lamp = bpy.data.lights.new("Lamp", "AREA")
    lamp.energy = 100.0
    stand = bpy.data.objects.new("Lamp", lamp)
    stand.location = (0.0, 0.0, 4.0)
    scene.collection.objects.link(stand)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0.0, -6.0, 3.0), (1.15, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
    return path


def build_validation(folder: Path, count: int = 3, size: tuple[int, int] = (16, 12)) -> Path:
    """images/ and masks/ with both classes in every picture."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    random = np.random.default_rng(1)
    for index in range(count):
        labels = np.zeros((size[1], size[0]), dtype=np.uint8)
        labels[2:8, 2:7], labels[4:10, 9:14] = 1, 2
        image = random.integers(0, 60, (*labels.shape, 3), dtype=np.uint8) + 60 * labels[..., None]
        Image.fromarray(image).save(folder / "images" / f"{index}.png")
        Image.fromarray(labels).save(folder / "masks" / f"{index}.png")
    return folder
