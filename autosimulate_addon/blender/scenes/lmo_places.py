"""LM-O's objects as ONE choice among 54 states, as in the paper (Behl et al., ECCV 2020): three rooms, nine places from
which the objects are seen, two qualities of the render. All that a state leaves open is drawn anew for every image.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import bpy

from ...protocol.moments import around
from ...protocol.vocabulary import film_key
from .. import paths
from ..marks.states import State
from ..paths import PropertyRef, refs_to
from . import clutter, lmo, parts

#: Watts of the lights, the world's strength, which desk is there, whether there is clutter and the board of markers.
ROOMS = {"office desk": ({"Ceiling": 18.0, "Window": 14.0, "Lamp": 6.0}, 0.35, "Desk", True),
         "dark workshop": ({"Ceiling": 1.2, "Window": 0.8, "Lamp": 5.0}, 0.03, "Workbench", True),
         "bright bare table": ({"Ceiling": 22.0, "Window": 17.0, "Lamp": 6.0}, 0.5, "Bare Table", False)}
#: Metres from the objects, and degrees above the desk.
DISTANCES = {"near": 0.7, "at a metre": 1.05, "far": 1.7}
ELEVATIONS = {"low": 15.0, "slanting": 40.0, "from above": 75.0}
#: Samples of a pixel, and bounces.
QUALITIES = {"coarse": (2, 1), "fine": (16, 4)}
#: name: its noise's colours and scale
DESKS = {"Workbench": ((0.03, 0.03, 0.035), (0.08, 0.07, 0.07), 8.0),
         "Bare Table": ((0.6, 0.58, 0.55), (0.75, 0.73, 0.7), 3.0)}


def build(data_dir: str | Path, output: str | Path | None = None) -> bpy.types.Scene:
    """Builds the scene from LM-O's folder, as ``lmo.build``; every state is equally likely at the start."""
    made = lmo.furnish(data_dir)
    desk = bpy.data.objects["Desk"]
    for name, colours in DESKS.items():
        other = parts.add(made.scene, name, desk.data, desk.location)
        parts.wear(other, clutter.noise_material(name, *colours))
    names, states = zip(*_states(made.scene), strict=True)
    parts.mark(made.scene, "Place", kind="STATE", items=names, states=states)
    _mark_open(made)
    lmo.write_classes(made)
    parts.save(output)
    return made.scene


def _states(scene: bpy.types.Scene) -> list[tuple[str, State]]:
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    world = paths.ref_to(scene.world, parts.socket_path(background, "Strength"))
    hidden = {name: paths.ref_to(bpy.data.objects[name], "hide_render")
              for name in ("Desk", *DESKS, "Marker Board")}
    things = refs_to(bpy.data.collections["Clutter"].objects, "hide_render")
    distance = paths.ref_to(scene.camera, "location", 2)
    tilt = paths.ref_to(bpy.data.objects["Elevation"], "rotation_euler", 0)
    samples, bounces = (paths.ref_to(scene, f"cycles.{name}") for name in ("samples", "max_bounces"))
    found = []
    for (room, (watts, strength, desk, full)), (high, degrees), (far, metres), (quality, (count, depth)) in (
            itertools.product(*(each.items() for each in (ROOMS, ELEVATIONS, DISTANCES, QUALITIES)))):
        values = [(paths.ref_to(bpy.data.lights[name], "energy"), power) for name, power in watts.items()]
        values += [(world, strength), *((hidden[name], name != desk) for name in ("Desk", *DESKS)),
                   *((each, not full) for each in (hidden["Marker Board"], *things)), (distance, metres),
                   (tilt, math.radians(90.0 - degrees)), (samples, count), (bounces, depth)]
        found.append((f"{room}, {high}, {far}, {quality}", tuple(values)))
    return found


def _mark_open(made: lmo.Furnished) -> None:
    """What a state leaves open: drawn anew for every image, and not learned."""
    def add(marked: list[PropertyRef], family: str, name: str, **fields) -> None:
        parts.mark(made.scene, name, marked, family, **{**fields, "locked": True})

    everyone = list(made.objects.values())
    add(refs_to([bpy.data.objects["Azimuth"]], "rotation_euler", 2), "normal", "Camera Azimuth", mean=0.0, std=0.7,
        low=-2.0, high=2.0)
    add(refs_to([made.scene.camera], "rotation_euler", 2), "normal", "Camera Roll", mean=0.0, std=0.2, low=-0.8,
        high=0.8)
    for axis, index in (("X", 0), ("Y", 1)):
        add(refs_to([bpy.data.objects["Aim"]], "location", index), "normal", f"Camera Aim {axis}", mean=0.0, std=0.1,
            low=-0.4, high=0.4)
        add(refs_to(everyone, "location", index), "normal", f"Object Place {axis}", mean=0.0, std=0.04, low=-0.4,
            high=0.4)
    add(refs_to(everyone, "rotation_euler", 2), "bounded", "Object Yaw")
    add([paths.ref_to(material, sockets["gain"]) for material, sockets in made.materials], "lognormal", "Object Gain",
        **around(1.0, 1.35), low=0.2, high=4.0)
    lmo.mark_nuisances(made, add)
    for name, options in (("noise", {"mean": 0.012, "std": 0.012}), ("blur", {"mean": 0.5, "std": 0.4})):
        add([], "", film_key(name), kind="FILM", **options)
