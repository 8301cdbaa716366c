"""Classes that should be in the picture and never are: a label that comes out impossible is reported."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np
from mathutils import Matrix


class Sightings:
    """Compares what projects into the frame with what the labels show, over a session's renders."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._expected = np.zeros(len(names), dtype=bool)
        self._seen = np.zeros(len(names), dtype=bool)
        self._seen[0] = True        # the background may well be covered

    @property
    def complete(self) -> bool:
        """Whether every class has been seen: nothing is left to watch for."""
        return bool(self._seen.all())

    def expect(self, graph: bpy.types.Depsgraph, camera: bpy.types.Object, size: tuple[int, int],
               class_of_object: np.ndarray) -> None:
        """Notes the classes of objects whose bounding boxes project into the frame (width, height) of this render."""
        projection = np.array(_projection(graph, camera, size))
        for item in graph.object_instances:
            block = item.object
            index = block.pass_index
            if not index or index >= len(class_of_object) or not (item.is_instance or item.show_self):
                continue
            label = class_of_object[index]
            if label and not self._seen[label] and not self._expected[label]:
                self._expected[label] = _in_frame(projection @ np.array(item.matrix_world), np.array(block.bound_box))

    def expected(self) -> list[str]:
        """Names of classes that were in the frame by projection at least once."""
        return [name for name, expected in zip(self._names, self._expected, strict=True) if expected]

    def expect_too(self, names: Iterable[str]) -> None:
        """Takes over what was in the frame in renders of another process."""
        for name in names:
            self._expected[self._names.index(name)] = True

    def see(self, labels: np.ndarray) -> None:
        """Notes the classes in one image's labels."""
        if not self.complete:
            self._seen |= np.bincount(labels.ravel(), minlength=len(self._names))[:len(self._names)] > 0

    def missing(self) -> list[str]:
        """Names of classes that were in the frame by projection at least once, but in none of the images."""
        return [name for name, expected, seen in zip(self._names, self._expected, self._seen, strict=True)
                if expected and not seen]


def _projection(graph: bpy.types.Depsgraph, camera: bpy.types.Object, size: tuple[int, int]) -> Matrix:
    evaluated = camera.evaluated_get(graph)
    return evaluated.calc_matrix_camera(graph, x=size[0], y=size[1]) @ evaluated.matrix_world.inverted()


def _in_frame(to_clip: np.ndarray, corners: Iterable) -> bool:
    """Whether the box is not entirely beyond one side of the frame (conservative: its hull may still miss)."""
    clip = np.concatenate([np.asarray(corners), np.ones((8, 1))], axis=1) @ to_clip.T
    x, y, _, w = clip.T
    if (w <= 0.0).all():
        return False
    in_front = w > 0.0
    inside = in_front & (np.abs(x) <= w) & (np.abs(y) <= w)
    return bool(inside.any())
