"""What a render can tell beside colours and labels: depth, normals, the camera's intrinsics, the objects' poses."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ...protocol import AutoSimulateError
from .exr import ExrImage
from .silhouette import covered, project

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
    projection, to_view, size = camera(graph, scene)
    projection, half = np.array(projection), np.array(size) / 2
    intrinsics = np.eye(3)
    intrinsics[0] = half[0] * projection[0, 0], 0.0, half[0] * (1 - projection[0, 2])
    intrinsics[1] = 0.0, half[1] * projection[1, 1], half[1] * (1 + projection[1, 2])
    to_camera = _FLIP @ to_view
    found = {int(item.object.pass_index): np.array(to_camera @ item.matrix_world) for item in graph.object_instances
             if not item.is_instance and item.show_self and item.object.pass_index}
    return {"camera": intrinsics, "posed": np.array(sorted(found), np.int64),
            "poses": np.array([found[number] for number in sorted(found)]).reshape(-1, 4, 4)}


def silhouettes(graph: bpy.types.Depsgraph, scene: bpy.types.Scene) -> dict[str, np.ndarray]:
    """"whole", "whole_masks", "whole_boxes" and "whole_pixels", while the graph of the render is alive. Of objects that
    stand for themselves and are before the camera in whole; pixels are counted up to an image's size beside the image,
    as BOP's toolkit does."""
    projection, to_view, size = camera(graph, scene)
    (width, height), to_clip = size, np.array(projection @ to_view)
    found: dict[int, tuple[np.ndarray, np.ndarray, int]] = {}
    for item in graph.object_instances:
        if item.is_instance or not item.show_self or not item.object.pass_index:
            continue
        triangles = project(item, to_clip, size)
        if triangles is None:
            continue
        around = covered(triangles + np.array(size), (3 * width, 3 * height))
        box = np.concatenate([triangles.min((0, 1)), triangles.max((0, 1))])
        found[int(item.object.pass_index)] = (around[height:2 * height, width:2 * width], box, int(around.sum()))
    rows = [found[number] for number in sorted(found)]
    return {"whole": np.array(sorted(found), np.int64),
            "whole_masks": np.array([mask for mask, _, _ in rows]).reshape(-1, height, width).astype(bool),
            "whole_boxes": np.array([box for _, box, _ in rows]).reshape(-1, 4),
            "whole_pixels": np.array([count for _, _, count in rows], np.int64)}


def camera(graph: bpy.types.Depsgraph, scene: bpy.types.Scene) -> tuple[Matrix, Matrix, tuple[int, int]]:
    """(projection, world to camera, width and height) of the render; the camera's own scale does not count."""
    render, seen = scene.render, scene.camera.evaluated_get(graph)
    projection = seen.calc_matrix_camera(graph, x=render.resolution_x, y=render.resolution_y,
                                         scale_x=render.pixel_aspect_x, scale_y=render.pixel_aspect_y)
    return projection, seen.matrix_world.normalized().inverted(), (render.resolution_x, render.resolution_y)


#: What is asked of the graph, by the name of the extra.
GEOMETRY = {"pose": poses, "amodal": silhouettes}
