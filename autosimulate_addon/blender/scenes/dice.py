"""Dice on a table, for photographs of dice that were rolled: nothing but Blender's own shapes.

What people randomise who have not looked at their photographs: how many there are, from where they are seen, what they
are made of, the light, the table, what lies about.
"""

from __future__ import annotations

import math
from pathlib import Path

import bmesh  # of the bpy module: only there once bpy is imported
import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..marks import mark_scene
from ..marks.mark import ClassTable
from ..paths import refs_to
from . import clutter, parts, tabletop

#: Dice on the table; half of the width of one in metres, the disc on which they lie.
MOST, HALF, REACH = 12, 0.008, 0.12
#: Pips of each number, in thirds of a face from its middle; opposite faces sum to seven.
PIPS = {1: ((0, 0),), 2: ((-1, -1), (1, 1)), 3: ((-1, -1), (0, 0), (1, 1)), 4: ((-1, -1), (-1, 1), (1, -1), (1, 1)),
        5: ((-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)), 6: ((-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1))}
#: Roughness of what dice can be made of.
MATERIALS = {"Matte": 0.7, "Glossy": 0.2}
#: Seed of all that is procedural in the scene; draws are keyed by the run, not by this.
SEED = 2019


def build(output: str | Path | None = None) -> bpy.types.Scene:
    """Builds the scene in place of the open file, and saves it when ``output`` is given.

    Raises InputError when the file cannot be written.
    """
    rng = np.random.default_rng(SEED)
    scene = tabletop.empty((0.0, 0.0, HALF), 0.6, math.radians(60.0))
    tabletop.room(scene, rng)
    things = tabletop.things(scene, rng)
    dice = _dice(scene)
    parts.mark(scene, "Dice Absent", refs_to(dice, "hide_render"), "bernoulli", p=[0.5, 0.5])
    tabletop.mark_camera(scene, 0.05, low=0.15, high=2.0)
    parts.mark(scene, "Dice Material", refs_to(dice, ""), kind="MATERIAL", items=tuple(MATERIALS))
    tabletop.mark_light(scene)
    tabletop.mark_nuisances(scene, dice, things, tabletop.arrangements(dice, REACH, 2.9 * HALF, rng))
    tabletop.mark_film(scene)
    mark_scene.write_classes(scene, ClassTable(("background", "die"), {"die": tuple(refs_to(dice))}))
    parts.save(output)
    return scene


def _dice(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Each lies on the table, on a parent of its own that arranges it; all six numbers are on top of some."""
    collection, pips = bpy.data.collections.new("Dice"), _pips_material()
    worn = [clutter.colored_material(name, roughness) for name, roughness in MATERIALS.items()]
    shapes = [_shape(top, pips) for top in PIPS]
    made = []
    for number in range(MOST):
        made.append(parts.add(scene, f"Die {number + 1}", shapes[number % len(shapes)], collection=collection))
        made[-1].parent = parts.add(scene, f"Die {number + 1} Place", None, collection=collection)
        parts.wear(made[-1], worn[0])
    return made


def _shape(top: int, pips: bpy.types.Material) -> bpy.types.Mesh:
    """A rounded cube that stands on z = 0 with ``top`` above, its pips a hair above its faces."""
    sides = [number for number in PIPS if number not in (top, 7 - top)]
    faces = {top: Vector((0, 0, 1)), 7 - top: Vector((0, 0, -1)), sides[0]: Vector((1, 0, 0)),
             7 - sides[0]: Vector((-1, 0, 0)), sides[1]: Vector((0, 1, 0)), 7 - sides[1]: Vector((0, -1, 0))}
    middle = Matrix.Translation((0, 0, HALF))

    def make(shape: bmesh.types.BMesh) -> None:
        bmesh.ops.create_cube(shape, size=2.0 * HALF, matrix=middle)
        bmesh.ops.bevel(shape, geom=[*shape.edges, *shape.verts], offset=0.25 * HALF, segments=2, affect="EDGES",
                        profile=0.5)
        for number, outwards in faces.items():
            turned = outwards.to_track_quat("Z", "Y").to_matrix().to_4x4()
            for x, y in PIPS[number]:
                place = Matrix.Translation((0.48 * HALF * x, 0.48 * HALF * y, 1.005 * HALF))
                disc = bmesh.ops.create_circle(shape, cap_ends=True, segments=10, radius=0.18 * HALF,
                                               matrix=middle @ turned @ place)
                for face in {face for vertex in disc["verts"] for face in vertex.link_faces}:
                    face.material_index = 1

    mesh = parts.mesh(f"Die {top}", make)
    mesh.materials.append(None)             # each die wears its own there
    mesh.materials.append(pips)
    return mesh


def _pips_material() -> bpy.types.Material:
    """White on dark dice, black on light ones."""
    made, shader = parts.material("Pips")
    tree = made.node_tree
    color, grey, dark = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("ObjectInfo", "RGBToBW", "Math"))
    dark.operation = "LESS_THAN"
    dark.inputs[1].default_value = 0.35
    tree.links.new(color.outputs["Color"], grey.inputs["Color"])
    tree.links.new(grey.outputs[0], dark.inputs[0])
    tree.links.new(dark.outputs[0], shader.inputs["Base Color"])
    return made
