"""Which of several instances of an object a pixel shows.

The object index pass names the object, not the instance. Where the evaluated scene has more than one instance of it
(collection instances, geometry nodes, particles), the position pass decides: each pixel's point, taken from the same
first sample as the index, lies on the surface of exactly one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bmesh
import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from ..identity import Key, key

#: Types of object that a pixel can show.
_SURFACES = {"MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES", "POINTCLOUD", "VOLUME", "HAIR", "GREASEPENCIL"}
#: Points this close (share of the instance's size) to two instances' boxes are decided by their surfaces.
_MARGIN = 1e-3


def stand_alone(objects: set[bpy.types.Object]) -> bool:
    """Whether pixels show each of these under its own number, and nothing else follows it.

    Not so for what has no surface (camera, light, empty), what instances others, and what others are made of or held
    by (children, constraints, modifiers, particles, node groups).
    """
    for block in objects:
        if (block.type not in _SURFACES or block.instance_type != "NONE" or len(block.particle_systems)
                or any(modifier.type == "NODES" for modifier in block.modifiers)):
            return False
    users = bpy.data.user_map(subset=objects, value_types={"OBJECT", "PARTICLE", "NODETREE"})
    return all(followers <= {block} for block, followers in users.items())


@dataclass
class Instance:
    """One instance as rendered: where it is, and enough of its shape to tell it from its neighbours."""

    index: int                      # of its object, in the object index pass
    parent: Key | None              # of what instances it, None for an object that stands for itself
    to_local: np.ndarray            # (4, 4) world -> local
    low: np.ndarray                 # (3,) local bounds
    high: np.ndarray
    scale: float                    # local -> world, for comparing distances
    mesh: bpy.types.Mesh | None = None      # only while the graph is alive
    surface: BVHTree | None = None


@dataclass
class Instances:
    """All instances of the objects that are instanced, by object index, as the render's dependency graph has them."""

    by_index: dict[int, list[Instance]] = field(default_factory=dict)

    def collect(self, graph: bpy.types.Depsgraph) -> None:
        """To be called while the graph of the render is alive (``frame_change_post`` during the render)."""
        self.by_index = {}
        standing: list[Instance] = []
        for item in graph.object_instances:
            block = item.object
            if block.type not in _SURFACES or not block.pass_index:
                continue
            if item.is_instance:
                parent = key(item.parent.original) if item.parent else None
                instance = _instance(block, parent, np.array(item.matrix_world))
                if instance is not None:
                    self.by_index.setdefault(instance.index, []).append(instance)
            elif item.show_self:
                instance = _instance(block, None, np.array(item.matrix_world))
                if instance is not None:
                    standing.append(instance)
        for instance in standing:
            if instance.index in self.by_index:
                self.by_index[instance.index].insert(0, instance)
        for group in self.by_index.values():
            _keep_needed_surfaces(group)

    def number(self, objects: np.ndarray, positions: np.ndarray | None, first_free: int
               ) -> tuple[np.ndarray, dict[int, Instance]]:
        """(H, W) uint16 instance numbers, and which instance each number is (only of instanced objects).

        The first instance of an object keeps the object's index, further ones are numbered from ``first_free``, in
        the order of the dependency graph.
        """
        numbers = objects.astype(np.int64)
        meaning: dict[int, Instance] = {}
        for index, group in sorted(self.by_index.items()):
            given = [index, *range(first_free, first_free + len(group) - 1)]
            first_free += len(group) - 1
            meaning |= dict(zip(given, group, strict=True))
            if len(group) == 1 or positions is None:
                continue
            rows = np.nonzero(objects == index)
            if rows[0].size:
                numbers[rows] = np.asarray(given)[_nearest(group, positions[rows])]
        numbers[numbers > np.iinfo(np.uint16).max] = 0
        return numbers.astype(np.uint16), meaning


def _instance(block: bpy.types.Object, parent: Key | None, matrix: np.ndarray) -> Instance | None:
    corners = np.array(block.bound_box)
    scale = float(np.abs(np.linalg.det(matrix[:3, :3])) ** (1.0 / 3.0))
    if scale == 0.0:
        return None     # scaled to nothing: no pixel shows it
    # The object of an instance is a temporary one, gone at the iterator's next step; its data is not.
    mesh = block.data if block.type == "MESH" else None
    if mesh is not None and not len(mesh.polygons):
        return None     # an object that is nothing but what it instances
    return Instance(block.pass_index, parent, np.linalg.inv(matrix), corners.min(0), corners.max(0), scale, mesh)


def may_exist(scene: bpy.types.Scene) -> bool:
    """Whether anything in the file can make instances; if not, the object index is all there is to know."""
    for block in scene.objects:
        if block.instance_type != "NONE" or block.particle_systems:
            return True
        if any(modifier.type == "NODES" for modifier in block.modifiers):
            return True
    return False


def _keep_needed_surfaces(group: list[Instance]) -> None:
    """Boxes are enough for instances that stand apart; only those whose boxes touch need their triangles."""
    centers, radii = _spheres(group)
    built: dict[int, BVHTree | None] = {}
    for row, instance in enumerate(group):
        mesh, instance.mesh = instance.mesh, None
        apart = np.linalg.norm(centers - centers[row], axis=1) > (radii + radii[row]) * (1.0 + _MARGIN)
        apart[row] = True
        if mesh is None or apart.all():
            continue
        key = mesh.as_pointer()
        if key not in built:
            built[key] = _surface(mesh)
        instance.surface = built[key]


def _spheres(group: list[Instance]) -> tuple[np.ndarray, np.ndarray]:
    centers, radii = [], []
    for instance in group:
        to_world = np.linalg.inv(instance.to_local)
        centers.append(to_world[:3, :3] @ ((instance.low + instance.high) / 2) + to_world[:3, 3])
        half = np.abs(instance.high - instance.low) / 2
        radii.append(np.linalg.norm(np.abs(to_world[:3, :3]) @ half))
    return np.array(centers), np.array(radii)


def _surface(mesh: bpy.types.Mesh) -> BVHTree | None:
    """The evaluated mesh's triangles in its own space."""
    if not len(mesh.polygons):
        return None
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        return BVHTree.FromBMesh(work)
    finally:
        work.free()


def _nearest(group: list[Instance], points: np.ndarray) -> np.ndarray:
    """(N,) rows of ``group``: the instance on whose surface each world-space point lies."""
    points = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    distances = np.stack([_box_distance(instance, points) for instance in group])      # (instances, N)
    best = distances.argmin(axis=0)
    reach = distances.min(axis=0) + _MARGIN * np.array([_size(instance) for instance in group])[best]
    rivals = distances <= reach
    for column in np.nonzero(rivals.sum(axis=0) > 1)[0]:
        candidates = np.nonzero(rivals[:, column])[0]
        best[column] = min(candidates, key=lambda row: _surface_distance(group[row], points[column]))
    return best


def _size(instance: Instance) -> float:
    return float(np.linalg.norm(instance.high - instance.low)) * instance.scale


def _box_distance(instance: Instance, points: np.ndarray) -> np.ndarray:
    local = (points @ instance.to_local.T)[:, :3]
    outside = np.maximum(np.maximum(instance.low - local, local - instance.high), 0.0)
    return np.linalg.norm(outside, axis=1) * instance.scale


def _surface_distance(instance: Instance, point: np.ndarray) -> float:
    local = (instance.to_local @ point)[:3]
    if instance.surface is None:
        return float(np.linalg.norm(local - (instance.low + instance.high) / 2)) * instance.scale
    return instance.surface.find_nearest(local)[3] * instance.scale
