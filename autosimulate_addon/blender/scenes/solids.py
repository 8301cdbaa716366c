"""Cubes, spheres and cylinders on a table, of CLEVR's shapes (Johnson et al., CVPR 2017), for photographs of toys.

What people randomise who have not looked at their photographs: how many of a class are there, how large and how
stretched, from where they are seen, the light, the table, what lies about.
"""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np

from ...protocol.moments import around
from ..marks import mark_scene
from ..marks.mark import ClassTable
from ..paths import refs_to
from . import clutter, parts, tabletop
from .clevr import read_shape

#: CLEVR's shape of each class; how many of a class there can be.
SHAPES, MOST = {"cube": "SmoothCube_v2", "sphere": "Sphere", "cylinder": "SmoothCylinder"}, 3
#: Half of an object's width in metres before it is scaled; the disc on which objects stand.
HALF, REACH = 0.03, 0.2
#: Roughness of what objects can be made of.
MATERIALS = {"Matte": 0.8, "Satin": 0.45, "Glossy": 0.15}
#: Seed of all that is procedural in the scene; draws are keyed by the run, not by this.
SEED = 2016


def build(data_dir: str | Path, output: str | Path | None = None) -> bpy.types.Scene:
    """Builds the scene from CLEVR's ``image_generation/data`` folder in place of the open file.

    Saved when ``output`` is given. Raises InputError when a shape is missing or is not in its file.
    """
    rng = np.random.default_rng(SEED)
    scene = tabletop.empty((0.0, 0.0, 0.03), 0.9, math.radians(40.0))
    tabletop.room(scene, rng)
    things = tabletop.things(scene, rng)
    objects = _objects(scene, data_dir)
    _mark(scene, objects, things, rng)
    parts.save(output)
    return scene


def _objects(scene: bpy.types.Scene, data_dir: str | Path) -> dict[str, list[bpy.types.Object]]:
    """Each stands on the table, on a parent of its own that arranges it."""
    collection = bpy.data.collections.new("Objects")
    worn = [clutter.colored_material(name, roughness) for name, roughness in MATERIALS.items()]
    objects: dict[str, list[bpy.types.Object]] = {}
    for name, shape in SHAPES.items():
        mesh = read_shape(data_dir, name, shape)
        for vertex in mesh.vertices:
            vertex.co *= HALF
            vertex.co.z += HALF         # scaled about its foot, so that it stays on the table
        for number in range(1, MOST + 1):
            made = parts.add(scene, f"{name.title()} {number}", mesh, collection=collection)
            made.parent = parts.add(scene, f"{made.name} Place", None, collection=collection)
            parts.wear(made, worn[0])
            objects.setdefault(name, []).append(made)
    return objects


def _mark(scene: bpy.types.Scene, objects: dict[str, list[bpy.types.Object]], things: list[bpy.types.Object],
          rng: np.random.Generator) -> None:
    everyone = [made for members in objects.values() for made in members]
    tabletop.mark_camera(scene, 0.08, low=0.15, high=3.0, mean=1.2, std=0.6)
    for name, members in objects.items():
        parts.mark(scene, f"{name.title()} Absent", refs_to(members, "hide_render"), "bernoulli", p=[0.6, 0.4])
    each = {name: values * 3 for name, values in around(1.0, 1.5).items()}       # the same for all three axes
    parts.mark(scene, "Object Scale", refs_to(everyone, "scale"), "lognormal", low=[0.3] * 3, high=[3.0] * 3, **each)
    parts.mark(scene, "Object Material", refs_to(everyone, ""), kind="MATERIAL", items=tuple(MATERIALS))
    tabletop.mark_light(scene)
    # So far apart that few touch when they are stretched.
    tabletop.mark_nuisances(scene, everyone, things, tabletop.arrangements(everyone, REACH, 2.6 * HALF, rng))
    tabletop.mark_film(scene)
    members = {name: tuple(refs_to(made)) for name, made in objects.items()}
    mark_scene.write_classes(scene, ClassTable(("background", *objects), members))
