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
from .. import paths
from ..marks import mark_scene as marks_scene
from ..marks.mark import ClassTable
from ..paths import PropertyRef, refs_to
from . import clutter, parts, wide
from .clevr import read_shape

#: CLEVR's shape of each class; how many of a class there can be.
SHAPES, MOST = {"cube": "SmoothCube_v2", "sphere": "Sphere", "cylinder": "SmoothCylinder"}, 3
#: Half of an object's width in metres before it is scaled; the disc on which objects stand; its arrangements.
HALF, SPREAD, ARRANGEMENTS = 0.03, 0.2, 48
#: name: (place in metres, size in metres, watts)
LIGHTS = {"Ceiling": ((0.2, 0.1, 1.7), 1.4, 18.0), "Window": ((-1.7, 0.6, 1.1), 1.2, 14.0),
          "Lamp": ((0.9, -0.9, 1.2), 0.35, 6.0)}
#: name: its noise's colours and scale
TABLES = {"Wood": ((0.35, 0.22, 0.11), (0.6, 0.42, 0.25), 6.0), "White": ((0.6, 0.58, 0.55), (0.75, 0.73, 0.7), 3.0),
          "Dark": ((0.03, 0.03, 0.035), (0.08, 0.07, 0.07), 8.0)}
#: Roughness of what objects can be made of.
MATERIALS = {"Matte": 0.8, "Satin": 0.45, "Glossy": 0.15}
#: Seed of all that is procedural in the scene; draws are keyed by the run, not by this.
SEED = 2016


def build(data_dir: str | Path, output: str | Path | None = None) -> bpy.types.Scene:
    """Builds the scene from CLEVR's ``image_generation/data`` folder in place of the open file.

    Saved when ``output`` is given. Raises InputError when a shape is missing or is not in its file.
    """
    rng = np.random.default_rng(SEED)
    scene = parts.empty_scene(192, 160)
    scene.cycles.samples, scene.cycles.max_bounces = 8, 3
    camera = bpy.data.cameras.new("Camera")
    camera.clip_start, camera.clip_end = 0.02, 20.0
    parts.orbiting_camera(scene, camera, (0.0, 0.0, 0.03), 0.9, math.radians(40.0))
    _room(scene, rng)
    things = _things(scene, rng)
    objects = _objects(scene, data_dir)
    _mark(scene, objects, things, rng)
    parts.save(output)
    return scene


def _room(scene: bpy.types.Scene, rng: np.random.Generator) -> None:
    parts.world(scene, (0.95, 0.97, 1.0), 0.35)
    middle = parts.add(scene, "Middle", None)
    for name, (place, size, watts) in LIGHTS.items():
        parts.area_light(scene, name, place, middle, watts, size)
    for name, colours in TABLES.items():
        clutter.noise_material(f"Table {name}", *colours)
    pages = np.concatenate([np.concatenate([clutter.page(rng) for _ in range(6)], 1) for _ in range(4)], 0)
    clutter.image_material("Table Pages", pages)
    table = parts.add(scene, "Table", clutter.box("Table", 1.6, 1.2, 0.04), (0.0, 0.0, -0.04))
    parts.wear(table, bpy.data.materials["Table Wood"])
    walls = clutter.cone("Walls", 2.6, 2.6, 2.6, capped=True)
    walls.materials.append(clutter.image_material("Walls", clutter.wall(rng), roughness=0.9))
    parts.add(scene, "Walls", walls, (0.0, 0.0, -0.75))


def _things(scene: bpy.types.Scene, rng: np.random.Generator) -> list[bpy.types.Object]:
    """Things of no class that lie about."""
    collection, matte = bpy.data.collections.new("Clutter"), clutter.colored_material("Thing", 0.6)
    made = []
    for shape in (clutter.cone("Bottle", 0.035, 0.02, 0.2), clutter.cone("Bowl", 0.035, 0.075, 0.06, False),
                  clutter.cone("Spike", 0.03, 0.0, 0.08), clutter.box("Pen", 0.14, 0.01, 0.01),
                  clutter.box("Case", 0.2, 0.1, 0.02)):
        made.append(parts.add(scene, shape.name, shape, (0.3, 0.0, 0.0), collection))
        made[-1].color = (*clutter.muted(rng), 1.0)
        parts.wear(made[-1], matte)
    return made


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


def _arrangements(names: list[str], rng: np.random.Generator) -> list[dict[str, tuple[float, float, float]]]:
    """Places in metres for all objects, uniform on the disc, so far apart that few touch when they are stretched."""
    apart, made = 2.6 * HALF, []
    while len(made) < ARRANGEMENTS:
        taken: list[tuple[float, float]] = []
        for _ in range(400):
            angle, reach = rng.uniform(0.0, 2.0 * math.pi), SPREAD * math.sqrt(rng.uniform())
            place = reach * math.cos(angle), reach * math.sin(angle)
            if all(math.dist(place, other) > apart for other in taken):
                taken.append(place)
            if len(taken) == len(names):
                made.append({name: (*place, 0.0) for name, place in zip(names, taken, strict=True)})
                break
    return made


def _mark(scene: bpy.types.Scene, objects: dict[str, list[bpy.types.Object]], things: list[bpy.types.Object],
          rng: np.random.Generator) -> None:
    everyone = [made for members in objects.values() for made in members]

    def add(marked: list[PropertyRef], family: str, name: str, **fields) -> None:
        parts.mark(scene, name, marked, family, **fields)

    add(refs_to([scene.camera], "location", 2), "bounded", "Camera Distance", low=0.15, high=3.0, mean=1.2, std=0.6)
    # Measured from straight down: 5 to 85 degrees is an elevation of 85 to 5 above the table.
    add(refs_to([bpy.data.objects["Elevation"]], "rotation_euler", 0), "bounded", "Camera Tilt",
        low=math.radians(5.0), high=math.radians(85.0))
    add(refs_to([scene.camera], "rotation_euler", 2), "normal", "Camera Roll", mean=0.0, std=0.4, low=-3.1, high=3.1)
    for axis, index in (("X", 0), ("Y", 1)):
        add(refs_to([bpy.data.objects["Aim"]], "location", index), "normal", f"Camera Aim {axis}", mean=0.0, std=0.08,
            low=-0.4, high=0.4)
    for name, members in objects.items():
        add(refs_to(members, "hide_render"), "bernoulli", f"{name.title()} Absent", p=[0.6, 0.4])
    add(refs_to(everyone, "scale"), "lognormal", "Object Scale", low=[0.3] * 3, high=[3.0] * 3,
        **_each(around(1.0, 1.5)))
    add(refs_to(everyone, ""), "", "Object Material", kind="MATERIAL", items=tuple(MATERIALS))
    add(refs_to([bpy.data.objects["Table"]], ""), "", "Table Material", kind="MATERIAL",
        items=(*(f"Table {name}" for name in TABLES), "Table Pages"))
    for name, (_, _, watts) in LIGHTS.items():
        add(refs_to([bpy.data.lights[name]], "energy"), "lognormal", f"{name} Power", **wide.light(watts))
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    add(refs_to([scene.world], parts.socket_path(background, "Strength")), "lognormal", "World Strength",
        **wide.world(0.35))
    _mark_nuisances(scene, everyone, things, rng, add)
    for name, options in wide.FILM.items():
        add([], "", name, kind="FILM", **options)
    members = {name: tuple(refs_to(made)) for name, made in objects.items()}
    marks_scene.write_classes(scene, ClassTable(("background", *objects), members))


def _each(moments: dict[str, list[float]]) -> dict[str, list[float]]:
    """The same for all three axes."""
    return {name: values * 3 for name, values in moments.items()}


def _mark_nuisances(scene: bpy.types.Scene, everyone: list[bpy.types.Object], things: list[bpy.types.Object],
                    rng: np.random.Generator, add) -> None:
    """Drawn anew for every image, but not learned: what stands where, its colour, and what else is there."""
    places = {made.name: paths.ref_to(made.parent, "location") for made in everyone}
    arrangements = [tuple((places[name], list(place)) for name, place in each.items())
                    for each in _arrangements(list(places), rng)]
    add([], "", "Arrangement", kind="STATE", items=tuple(str(number) for number in range(1, len(arrangements) + 1)),
        states=tuple(arrangements), locked=True)
    add(refs_to([bpy.data.objects["Azimuth"], *everyone, *things], "rotation_euler", 2), "bounded", "Yaw", locked=True)
    add(refs_to(things, "hide_render"), "bernoulli", "Thing Absent", p=[0.3, 0.7], locked=True)
    for axis, index in (("X", 0), ("Y", 1)):
        add(refs_to(things, "location", index), "normal", f"Thing Place {axis}", mean=0.0, std=0.25, low=-0.5, high=0.5,
            locked=True)
    # An object's colour has an alpha, which is of no use here, and a bounded family needs some width.
    add(refs_to([*everyone, *things], "color"), "bounded", "Color", low=[0.01, 0.01, 0.01, 0.99],
        high=[0.9, 0.9, 0.9, 1.0], locked=True)
