"""Keypoints: where empties that stand for points of an object are in the image, and whether they are seen there."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ...protocol import InputError
from .. import identity, paths
from ..marks.mark import ClassTable
from .extras import camera
from .labels import Labels

#: What COCO calls visibility: not in the image, or the object has no such point; hidden by something; seen.
ABSENT, HIDDEN, SEEN = 0, 1, 2
#: A point may lie so deep below what is rendered and is still seen, as a share of its object's size: joints do.
BELOW = 0.05


@dataclass(frozen=True)
class Keypoint:
    """One empty: its name among the object's points, and the nearest object above it that has a class."""

    name: str
    empty: identity.Key
    owner: identity.Key
    class_name: str


class Keypoints:
    """The keypoints of a scene; ``by_class`` has their names by class, in the order in which they were marked."""

    def __init__(self, classes: ClassTable, labels: Labels) -> None:
        """Raises InputError for an empty that belongs to nothing with a class, or a name that an object has twice."""
        points: dict[tuple[str, identity.Key], Keypoint] = {}
        for name, refs in classes.keypoints.items():
            for ref in refs:
                owner, class_index = _owner(ref, labels)
                other = points.setdefault((name, owner), Keypoint(name, ref.key, owner, classes.names[class_index]))
                if other.empty != ref.key:
                    raise InputError(f"{owner[0]!r} has two keypoints named {name!r}, {other.empty[0]!r} and "
                                     f"{ref.name!r}; rename one of them below Keypoints.")
        self._points = tuple(points.values())
        self._numbers = labels.numbers
        of_class = {name: [point.name for point in self._points if point.class_name == name]
                    for name in classes.names[1:]}
        self.by_class = {name: tuple(dict.fromkeys(points)) for name, points in of_class.items() if points}
        #: All of them, in the order of a render's.
        self.names = tuple(dict.fromkeys(name for points in self.by_class.values() for name in points))

    def place(self, graph: bpy.types.Depsgraph, scene: bpy.types.Scene) -> dict[str, np.ndarray]:
        """"keypointed" (n,) instance indices and "keypoint_places" (n, K, 4) of each: x and y in pixels, the depth
        along the camera's axis, and how deep it may lie; NaN where the object has no such point, or it is behind the
        camera. While the graph of the render is alive.
        """
        projection, to_view, size = camera(graph, scene)
        blocks = {identity.key(item.object.original): (np.array(item.matrix_world), max(item.object.dimensions))
                  for item in graph.object_instances if not item.is_instance}
        owners = list(dict.fromkeys(point.owner for point in self._points if point.owner in blocks))
        places = np.full((len(owners), len(self.names), 4), np.nan)
        for point in self._points:
            if point.owner not in blocks or point.empty not in blocks:
                continue
            seen_from = np.array(to_view) @ blocks[point.empty][0][:, 3]
            x, y, _, w = np.array(projection) @ seen_from
            if seen_from[2] < 0:                    # a camera looks along -z
                places[owners.index(point.owner), self.names.index(point.name)] = (
                    (x / w * 0.5 + 0.5) * size[0], (0.5 - y / w * 0.5) * size[1], -seen_from[2],
                    BELOW * blocks[point.owner][1])
        return {"keypointed": np.array([self._numbers[owner] for owner in owners], np.int64),
                "keypoint_places": places}


def told(geometry: dict[str, np.ndarray], depth: np.ndarray) -> dict[str, np.ndarray]:
    """"keypointed" and "keypoints" (n, K, 3), see ``protocol.Render.extras``: what ``place`` found, held against the
    depth (H, W) of the image."""
    places = geometry["keypoint_places"]
    height, width = depth.shape
    x, y, away, below = np.moveaxis(places, -1, 0)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)       # a comparison with NaN is false
    columns, rows = (np.where(inside, values, 0).astype(int) for values in (x, y))
    seen = inside & (away <= depth[rows, columns] + below)
    flags = np.where(seen, SEEN, np.where(inside, HIDDEN, ABSENT))
    return {"keypointed": geometry["keypointed"],
            "keypoints": np.stack([np.where(inside, x, 0), np.where(inside, y, 0), flags], -1)}


def _owner(ref: paths.PropertyRef, labels: Labels) -> tuple[identity.Key, int]:
    block = paths.data_block(ref)
    above = block.parent
    while above is not None:
        key = identity.key(above)
        index = int(labels.class_of_object[labels.numbers[key]]) if key in labels.numbers else 0
        if index:
            return key, index
        above = above.parent
    raise InputError(f"The keypoint {ref} belongs to no object of a class: make it a child of one (Object > Parent), "
                     "or remove it below Keypoints.")
