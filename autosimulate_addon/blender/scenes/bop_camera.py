"""Cameras as the BOP benchmark writes them (Hodan et al., ECCV 2018), in Blender's conventions.

BOP: OpenCV's camera, x right, y down, z forward, millimetres; the image spans 0 to width, as for BOP's own renderer
(half a pixel from OpenCV's counting, in which pixel centres are whole numbers).
Blender: x right, y up, looking along -z, metres.
"""

from __future__ import annotations

import json
from pathlib import Path

import bpy

from ...protocol import InputError

#: The sensor's width is free: only its ratio to the focal length matters.
SENSOR_WIDTH = 32.0


def read_intrinsics(path: str | Path) -> dict[str, float]:
    """fx, fy, cx, cy (pixels), width, height of a BOP camera.json. Raises InputError when one is missing."""
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        return {name: float(values[name]) for name in ("fx", "fy", "cx", "cy", "width", "height")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no BOP camera file ({error}); it needs fx, fy, cx, cy, width and "
                         "height.") from None


def apply_intrinsics(scene: bpy.types.Scene, camera: bpy.types.Camera, intrinsics: dict[str, float]) -> None:
    """Gives the camera these intrinsics, exactly, at any render size of the same shape.

    With sensor fit to the width, Blender projects fx = lens / sensor * width, fy = fx * aspect_x / aspect_y; shifts
    are in widths of the image, from its centre.
    """
    width, height = intrinsics["width"], intrinsics["height"]
    camera.type, camera.sensor_fit, camera.sensor_width = "PERSP", "HORIZONTAL", SENSOR_WIDTH
    camera.lens = intrinsics["fx"] * SENSOR_WIDTH / width
    # Blender accepts aspects from 1 upwards.
    ratio = intrinsics["fy"] / intrinsics["fx"]
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = max(ratio, 1.0), max(1.0 / ratio, 1.0)
    camera.shift_x = (width / 2.0 - intrinsics["cx"]) / width
    camera.shift_y = (intrinsics["cy"] - height / 2.0) / width / ratio
