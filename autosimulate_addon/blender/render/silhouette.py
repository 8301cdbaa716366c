"""Whole silhouettes: of each object all that the camera would see of it, were nothing before it."""

from __future__ import annotations

import bpy
import numpy as np

#: Types of object whose surface is triangles.
_TRIANGULATED = {"MESH", "CURVE", "SURFACE", "FONT", "META"}
#: Pixels of all triangles that are tested at once, at most.
_AT_ONCE = 1 << 22


def project(item: bpy.types.DepsgraphObjectInstance, to_clip: np.ndarray, size: tuple[int, int]) -> np.ndarray | None:
    """(T, 3, 2) corners of the triangles of an object in pixels, y down; None where it reaches behind the camera, or
    has no surface. ``to_clip`` (4, 4) is the camera's projection of the world."""
    block = item.object
    if block.type not in _TRIANGULATED or (mesh := block.to_mesh()) is None:
        return None
    try:
        mesh.calc_loop_triangles()
        points = np.empty((len(mesh.vertices), 3), np.float32)
        corners = np.empty((len(mesh.loop_triangles), 3), np.int32)
        mesh.vertices.foreach_get("co", points.ravel())
        mesh.loop_triangles.foreach_get("vertices", corners.ravel())
    finally:
        block.to_mesh_clear()
    if not len(corners):
        return None
    clip = np.c_[points, np.ones(len(points))] @ (to_clip @ np.array(item.matrix_world)).T
    if not (clip[:, 3] > 0).all() or not (clip[:, 2] > -clip[:, 3]).all():
        return None
    width, height = size
    pixels = (clip[:, :2] / clip[:, 3:] * (0.5, -0.5) + 0.5) * (width, height)
    return pixels[corners]


def covered(triangles: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: the pixels of an image of this (width, height) whose centre lies in any of (T, 3, 2) triangles."""
    width, height = size
    mask = np.zeros((height, width), bool)
    low = np.clip(np.ceil(triangles.min(1) - 0.5), 0, size).astype(int)            # first and last pixel centre inside
    high = np.clip(np.floor(triangles.max(1) - 0.5), -1, (width - 1, height - 1)).astype(int)
    some = (high >= low).all(1)
    triangles, low, spans = triangles[some], low[some], (high - low + 1)[some]
    sides = 1 << np.ceil(np.log2(spans.max(1, initial=1))).astype(int)             # those of a size are done together
    for side in np.unique(sides):
        rows = np.flatnonzero(sides == side)
        for part in np.array_split(rows, -(-len(rows) * side * side // _AT_ONCE)):
            _cover(mask, triangles[part], low[part], spans[part], int(side))
    return mask


def _cover(mask: np.ndarray, triangles: np.ndarray, low: np.ndarray, spans: np.ndarray, side: int) -> None:
    steps = np.arange(side)
    x, y = low[:, :1] + steps, low[:, 1:] + steps                                   # (T, side)
    a, b, c = triangles.transpose(1, 2, 0)[..., None, None]                         # each (2, T, 1, 1)
    px, py = x[:, None, :] + 0.5, y[:, :, None] + 0.5
    edges = [(q[0] - p[0]) * (py - p[1]) - (q[1] - p[1]) * (px - p[0]) for p, q in ((a, b), (b, c), (c, a))]
    inside = (edges[0] >= 0) & (edges[1] >= 0) & (edges[2] >= 0)
    inside |= (edges[0] <= 0) & (edges[1] <= 0) & (edges[2] <= 0)
    inside &= (steps < spans[:, :1])[:, None, :] & (steps < spans[:, 1:])[:, :, None]
    which, row, column = np.nonzero(inside)
    mask[y[which, row], x[which, column]] = True
