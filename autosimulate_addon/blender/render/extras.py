"""What a render can tell beside colours and labels: depth, normals, the camera's intrinsics, the objects' poses."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ...protocol import AutoSimulateError
from .exr import ExrImage

#: Blender writes about this where a pixel shows nothing.
_NOTHING = 1e9
#: OpenCV's camera axes (x right, y down, z forward) in Blender's.
_FLIP = Matrix.Diagonal((1.0, -1.0, -1.0, 1.0))


def maps(image: ExrImage, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """"depth" and "normal" of a sharp image, of the first sample of each pixel as its labels are."""
    found: dict[str, np.ndarray] = {}
    if "depth" in wanted:
        depth = image.find("Depth", components="Z")
        if depth is None:
            raise AutoSimulateError("Blender's image lacks the depth pass; leave --passes depth out.")
        found["depth"] = np.where(depth[..., 0] < _NOTHING, depth[..., 0], np.inf).astype(np.float32)
    if "normal" in wanted:
        normal = image.find("Normal", components="XYZ")
        if normal is None:
            raise AutoSimulateError("Blender's image lacks the normal pass; leave --passes normal out.")
        found["normal"] = normal
    return found


def poses(graph: bpy.types.Depsgraph, scene: bpy.types.Scene) -> dict[str, np.ndarray]:
    """"camera", "posed" and "poses", while the graph of the render is alive. Of objects that stand for themselves, by
    the number that they have in the index pass; scaled as they are."""
    render, seen = scene.render, scene.camera.evaluated_get(graph)
    projection = np.array(seen.calc_matrix_camera(
        graph, x=render.resolution_x, y=render.resolution_y, scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y))
    half = np.array([render.resolution_x, render.resolution_y]) / 2
    intrinsics = np.eye(3)
    intrinsics[0] = half[0] * projection[0, 0], 0.0, half[0] * (1 - projection[0, 2])
    intrinsics[1] = 0.0, half[1] * projection[1, 1], half[1] * (1 + projection[1, 2])
    to_camera = _FLIP @ seen.matrix_world.normalized().inverted()      # a camera's own scale does not count
    found = {int(item.object.pass_index): np.array(to_camera @ item.matrix_world) for item in graph.object_instances
             if not item.is_instance and item.show_self and item.object.pass_index}
    return {"camera": intrinsics, "posed": np.array(sorted(found), np.int64),
            "poses": np.array([found[number] for number in sorted(found)]).reshape(-1, 4, 4)}
