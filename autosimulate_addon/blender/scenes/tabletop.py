"""A table in a room, seen from above, whose light and surface nobody knows: what scenes of small things share.

Ranges are those of people who have not looked at their photographs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy
import numpy as np

from .. import paths
from ..paths import refs_to
from . import clutter, parts, wide

#: name: (place in metres, size in metres, watts)
LIGHTS = {"Ceiling": ((0.2, 0.1, 1.7), 1.4, 18.0), "Window": ((-1.7, 0.6, 1.1), 1.2, 14.0),
          "Lamp": ((0.9, -0.9, 1.2), 0.35, 6.0)}
#: name: its noise's colours and scale
TABLES = {"Wood": ((0.35, 0.22, 0.11), (0.6, 0.42, 0.25), 6.0), "White": ((0.6, 0.58, 0.55), (0.75, 0.73, 0.7), 3.0),
          "Dark": ((0.03, 0.03, 0.035), (0.08, 0.07, 0.07), 8.0)}
#: Arrangements of the objects, of which an image has one.
ARRANGEMENTS = 48


def empty(aim: Sequence[float], distance: float, elevation: float) -> bpy.types.Scene:
    """An empty scene whose camera looks at ``aim`` from ``distance`` metres, ``elevation`` radians above it."""
    scene = parts.empty_scene(192, 160)
    scene.cycles.samples, scene.cycles.max_bounces = 8, 3
    camera = bpy.data.cameras.new("Camera")
    camera.clip_start, camera.clip_end = 0.02, 20.0
    parts.orbiting_camera(scene, camera, aim, distance, elevation)
    return scene


def room(scene: bpy.types.Scene, rng: np.random.Generator) -> None:
    """The table, lamps, and walls with a ceiling, so that no world is to be seen."""
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


def things(scene: bpy.types.Scene, rng: np.random.Generator) -> list[bpy.types.Object]:
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


def arrangements(objects: Sequence[bpy.types.Object], reach: float, apart: float,
                 rng: np.random.Generator) -> tuple[tuple, ...]:
    """States of a mark: places for the objects' parents, uniform on a disc of ``reach`` metres, centres ``apart``."""
    places = [paths.ref_to(made.parent, "location") for made in objects]
    made: list[tuple] = []
    while len(made) < ARRANGEMENTS:
        taken: list[tuple[float, float]] = []
        for _ in range(400):
            angle, radius = rng.uniform(0.0, 2.0 * math.pi), reach * math.sqrt(rng.uniform())
            place = radius * math.cos(angle), radius * math.sin(angle)
            if all(math.dist(place, other) > apart for other in taken):
                taken.append(place)
            if len(taken) == len(places):
                made.append(tuple((ref, [*place, 0.0]) for ref, place in zip(places, taken, strict=True)))
                break
    return tuple(made)


def mark_camera(scene: bpy.types.Scene, spread: float, **distance: float) -> None:
    """Where it is (``distance`` in metres), how it is turned, and what it looks at, ``spread`` metres to the sides."""
    aim, tilt = bpy.data.objects["Aim"], bpy.data.objects["Elevation"]
    parts.mark(scene, "Camera Distance", refs_to([scene.camera], "location", 2), "bounded", **distance)
    # Measured from straight down: 5 to 85 degrees is an elevation of 85 to 5 above the table.
    parts.mark(scene, "Camera Tilt", refs_to([tilt], "rotation_euler", 0), "bounded", low=math.radians(5.0),
               high=math.radians(85.0))
    parts.mark(scene, "Camera Roll", refs_to([scene.camera], "rotation_euler", 2), "normal", mean=0.0, std=0.4,
               low=-3.1, high=3.1)
    for axis, index in (("X", 0), ("Y", 1)):
        parts.mark(scene, f"Camera Aim {axis}", refs_to([aim], "location", index), "normal", mean=0.0, std=spread,
                   low=-5.0 * spread, high=5.0 * spread)


def mark_light(scene: bpy.types.Scene) -> None:
    """What the table is made of, and each lamp."""
    parts.mark(scene, "Table Material", refs_to([bpy.data.objects["Table"]], ""), kind="MATERIAL",
               items=(*(f"Table {name}" for name in TABLES), "Table Pages"))
    for name, (_, _, watts) in LIGHTS.items():
        parts.mark(scene, f"{name} Power", refs_to([bpy.data.lights[name]], "energy"), "lognormal", **wide.light(watts))


def mark_nuisances(scene: bpy.types.Scene, objects: Sequence[bpy.types.Object], things: Sequence[bpy.types.Object],
                   arranged: Sequence[tuple]) -> None:
    """Drawn anew for every image, but not learned: what stands where, its colour, and what else is there."""
    parts.mark(scene, "Arrangement", kind="STATE", items=tuple(str(number + 1) for number in range(len(arranged))),
               states=arranged, locked=True)
    turned = [bpy.data.objects["Azimuth"], *objects, *things]
    parts.mark(scene, "Yaw", refs_to(turned, "rotation_euler", 2), "bounded", locked=True)
    parts.mark(scene, "Thing Absent", refs_to(things, "hide_render"), "bernoulli", p=[0.3, 0.7], locked=True)
    for axis, index in (("X", 0), ("Y", 1)):
        parts.mark(scene, f"Thing Place {axis}", refs_to(things, "location", index), "normal", mean=0.0, std=0.25,
                   low=-0.5, high=0.5, locked=True)
    # An object's colour has an alpha, which is of no use here, and a bounded family needs some width.
    parts.mark(scene, "Color", refs_to([*objects, *things], "color"), "bounded", low=[0.01, 0.01, 0.01, 0.99],
               high=[0.9, 0.9, 0.9, 1.0], locked=True)


def mark_film(scene: bpy.types.Scene) -> None:
    """Exposure, white balance, contrast, noise and blur."""
    for name, options in wide.FILM.items():
        parts.mark(scene, name, kind="FILM", **options)
