"""Which of several instances of an object a pixel shows.

The object index pass names the object, not the instance. Where the evaluated scene has more than one instance of it
(collection instances, geometry nodes, particles), the position pass decides: each pixel's point, taken from the same
first sample as the index, lies on the surface of exactly one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import bmesh
import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from ..identity import Key, key

#: Types of object that a pixel can show.
_SURFACES = {"MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES", "POINTCLOUD", "VOLUME", "HAIR", "GREASEPENCIL"}
#: Points this close (share of the instance's size) to two instances' boxes are decided by their surfaces.
_MARGIN = 1e-3
#: So many instances are all asked for each point; of more only those near it.
_FEW = 8
#: Sides of the cubes by which they are found, in bounding radii.
_CUBE = 4.0
#: Points that are near none, for which all are asked: so many at a time, to bound the memory.
_AT_A_TIME = 4096


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
    to_world: np.ndarray            # (4, 4) local -> world
    to_local: np.ndarray            # (4, 4), its inverse
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
    to_local, volume = _inverse(matrix)
    if volume == 0.0:
        return None     # scaled to nothing: no pixel shows it
    # The object of an instance is a temporary one, gone at the iterator's next step; its data is not.
    mesh = block.data if block.type == "MESH" else None
    if mesh is not None and not len(mesh.polygons):
        return None     # an object that is nothing but what it instances
    scale = abs(volume) ** (1.0 / 3.0)
    return Instance(block.pass_index, parent, matrix, to_local, corners.min(0), corners.max(0), scale, mesh)


def _inverse(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """The inverse of an affine (4, 4), and the determinant of its linear part; where that is 0, any matrix.

    Not by LAPACK, whose threads wait for each other for milliseconds where Cycles keeps the cores busy.
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix[:3, :3].tolist()
    cofactors = np.array([[e * i - f * h, c * h - b * i, b * f - c * e], [f * g - d * i, a * i - c * g, c * d - a * f],
                          [d * h - e * g, b * g - a * h, a * e - b * d]])
    volume = a * cofactors[0, 0] + b * cofactors[1, 0] + c * cofactors[2, 0]
    inverse = np.eye(4)
    inverse[:3, :3] = cofactors / (volume or 1.0)
    inverse[:3, 3] = -(inverse[:3, :3] * matrix[:3, 3]).sum(1)
    return inverse, float(volume)


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
    """(n, 3) centres and (n,) radii around the instances, in world space."""
    to_world = np.array([instance.to_world for instance in group])
    low, high = (np.array([getattr(instance, end) for instance in group]) for end in ("low", "high"))
    turned = to_world[:, :3, :3]
    centers = (turned @ ((low + high) / 2)[..., None])[..., 0] + to_world[:, :3, 3]
    half = np.abs(high - low) / 2
    return centers, np.linalg.norm((np.abs(turned) @ half[..., None])[..., 0], axis=1)


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
    """(N,) rows of ``group``: the instance on whose surface each world-space point (N, 3) lies."""
    points = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    if len(group) <= _FEW:
        return _among(group, points)[0]
    best = np.full(len(points), -1)
    sure = _MARGIN * max(_size(instance) for instance in group)
    for rows, columns in _neighbours(group, points, sure):
        found, distances = _among([group[row] for row in rows], points[columns])
        known = distances <= sure               # else another instance may be as near
        best[columns[known]] = np.asarray(rows)[found[known]]
    lost = np.nonzero(best < 0)[0]
    for start in range(0, len(lost), _AT_A_TIME):
        columns = lost[start:start + _AT_A_TIME]
        best[columns] = _among(group, points[columns])[0]
    return best


def _neighbours(group: list[Instance], points: np.ndarray, sure: float) -> Iterator[tuple[list[int], np.ndarray]]:
    """(rows of ``group``, rows of ``points``) by cubes of space: of all instances, those within ``sure`` of its points.
    """
    centers, radii = _spheres(group)
    reach = radii + 2.0 * sure
    size = _CUBE * reach.max()
    cubes: dict[tuple[int, ...], list[int]] = defaultdict(list)
    low, high = np.floor((centers - reach[:, None]) / size), np.floor((centers + reach[:, None]) / size)
    for row, (first, last) in enumerate(zip(low.astype(int), high.astype(int), strict=True)):
        for cube in product(*(range(start, end + 1) for start, end in zip(first, last, strict=True))):
            cubes[cube].append(row)
    within, order = np.unique(np.floor(points[:, :3] / size).astype(int), axis=0, return_inverse=True)
    by_cube = np.split(np.argsort(order.ravel(), kind="stable"), np.bincount(order.ravel()).cumsum()[:-1])
    for cube, columns in zip(map(tuple, within.tolist()), by_cube, strict=True):
        if cube in cubes:
            yield cubes[cube], columns


def _among(group: list[Instance], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) rows of ``group``, and how far each point (N, 4) is from that instance's box."""
    distances = np.stack([_box_distance(instance, points) for instance in group])      # (instances, N)
    best = distances.argmin(axis=0)
    nearest = distances.min(axis=0)
    reach = nearest + _MARGIN * np.array([_size(instance) for instance in group])[best]
    rivals = distances <= reach
    for column in np.nonzero(rivals.sum(axis=0) > 1)[0]:
        candidates = np.nonzero(rivals[:, column])[0]
        best[column] = min(candidates, key=lambda row: _surface_distance(group[row], points[column]))
    return best, nearest


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
