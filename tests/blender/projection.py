"""What a pinhole camera sees of spheres and boxes, worked out without Blender's renderer."""

from __future__ import annotations

import bpy
import numpy as np


def rays(camera: bpy.types.Object, width: int, height: int, shift=(0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """Origin (3,) and directions (H, W, 3) in world space through pixel centres, ``shift`` pixels off."""
    focal = camera.data.lens / camera.data.sensor_width * max(width, height)      # sensor fit AUTO, in pixels
    column, row = np.meshgrid(np.arange(width) + 0.5 + shift[0], np.arange(height) + 0.5 + shift[1])
    local = np.stack([column - width / 2, height / 2 - row, np.full(column.shape, -focal)], axis=-1)
    turn = np.array(camera.rotation_euler.to_matrix())
    return np.array(camera.location), local @ turn.T


def sphere_depth(origin, directions, center, radius) -> np.ndarray:
    """(H, W): ray parameter of the first hit, infinite for a miss."""
    offset = origin - np.asarray(center)
    a, b, c = (directions ** 2).sum(-1), directions @ offset, offset @ offset - radius ** 2
    under = b ** 2 - a * c
    near = (-b - np.sqrt(np.maximum(under, 0.0))) / a
    return np.where((under > 0.0) & (near > 0.0), near, np.inf)


def box_depth(origin, directions, to_world: np.ndarray) -> np.ndarray:
    """(H, W) for the cube [-1, 1]^3 under a (4, 4) matrix."""
    to_local = np.linalg.inv(to_world)
    start = to_local[:3, :3] @ origin + to_local[:3, 3]
    local = directions @ to_local[:3, :3].T
    with np.errstate(divide="ignore"):
        one, two = (-1.0 - start) / local, (1.0 - start) / local
    near, far = np.minimum(one, two).max(-1), np.maximum(one, two).min(-1)
    return np.where((near < far) & (near > 0.0), near, np.inf)


def visible(shapes, camera, width, height, shift=(0.0, 0.0)) -> np.ndarray:
    """(H, W) number of the shape in front, 0 for none. ``shapes``: (number, "sphere" | "box", parameters...)."""
    origin, directions = rays(camera, width, height, shift)
    nearest = np.full((height, width), np.inf)
    numbers = np.zeros((height, width), dtype=int)
    for number, kind, *parameters in shapes:
        depth = (sphere_depth if kind == "sphere" else box_depth)(origin, directions, *parameters)
        numbers[depth < nearest] = number
        nearest = np.minimum(nearest, depth)
    return numbers


def certain(shapes, camera, width, height, reach=1.0) -> tuple[np.ndarray, np.ndarray]:
    """(numbers, sure): sure where no edge is within ``reach`` pixels of the pixel's centre."""
    numbers = visible(shapes, camera, width, height)
    sure = np.ones(numbers.shape, dtype=bool)
    for shift_x in np.linspace(-reach, reach, 5):
        for shift_y in np.linspace(-reach, reach, 5):
            sure &= visible(shapes, camera, width, height, (shift_x, shift_y)) == numbers
    return numbers, sure
