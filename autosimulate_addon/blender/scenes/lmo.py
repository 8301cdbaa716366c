"""A scene for LM-O (Brachmann et al., ECCV 2014; BOP): eight CAD models on a cluttered desk, seen by LM-O's camera.

Everything in it but the models and the camera is procedural. Only the class of situation is taken from the
photographs (a desk in an office, objects upright on a board of markers, other things around, a hand-held camera about
a metre away); which distributions of it serve real photographs best is what a run finds out. Where it begins is a row
of ``lmo_starts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...protocol.moments import around
from ...protocol.vocabulary import film_key
from .. import paths
from ..marks import mark_scene, states
from ..marks.mark import ClassTable
from ..paths import PropertyRef, refs_to
from . import clutter, parts
from .bop_camera import apply_intrinsics, read_intrinsics
from .bop_models import lowest, painted_material, read_model
from .lmo_starts import STARTS

#: BOP's obj_id of each class.
OBJECTS = {"ape": 1, "can": 5, "cat": 6, "driller": 8, "duck": 9, "eggbox": 10, "glue": 11, "holepuncher": 12}
#: Pixel values of the masks in the project's data are this times the obj_id.
MASK_ID = 16
#: Radius in metres of the disc on which objects stand, and the arrangements of the eight in it.
SPREAD, ARRANGEMENTS = 0.33, 48
#: name: (place in metres, size in metres, watts at the start, colour)
LIGHTS = {"Ceiling": ((0.2, 0.1, 1.7), 1.4, 18.0, (1.0, 0.96, 0.9)),
          "Window": ((-1.7, 0.6, 1.1), 1.2, 14.0, (0.85, 0.93, 1.0)),
          "Lamp": ((0.9, -0.9, 1.2), 0.35, 6.0, (1.0, 0.9, 0.78))}
#: Seed of all that is procedural in the scene; draws are keyed by the run, not by this.
SEED = 2014


def build(data_dir: str | Path, output: str | Path | None = None, start: str = "expert") -> bpy.types.Scene:
    """Builds the scene from a folder with models/obj_*.ply and camera.json (as BOP's lmo) in place of the open file.

    ``start``: one of ``lmo_starts.STARTS``; saved when ``output`` is given. Raises InputError when a file of the data
    is missing or unreadable.
    """
    made = furnish(data_dir)
    _mark(made, STARTS[start])
    parts.save(output)
    return made.scene


@dataclass(frozen=True)
class Furnished:
    """What stands in the scene, without a mark: the objects by class, their materials with the names of their sockets,
    the clutter by kind, and the randomness of all that is procedural."""

    scene: bpy.types.Scene
    objects: dict[str, bpy.types.Object]
    materials: list[tuple[bpy.types.Material, dict[str, str]]]
    things: dict[str, list[bpy.types.Object]]
    rng: np.random.Generator


def furnish(data_dir: str | Path) -> Furnished:
    """The scene without marks, in place of the open file (see ``build``)."""
    models = {name: parts.data_file(data_dir, "models", f"obj_{number:06d}.ply") for name, number in OBJECTS.items()}
    intrinsics = read_intrinsics(parts.data_file(data_dir, "camera.json"))
    rng = np.random.default_rng(SEED)
    scene = parts.empty_scene(160, 120)
    scene.cycles.samples, scene.cycles.max_bounces = 8, 3
    _camera(scene, intrinsics)
    _room(scene, rng)
    things = _things(scene, rng)
    objects, materials = _objects(scene, models)
    return Furnished(scene, objects, materials, things, rng)


def _camera(scene: bpy.types.Scene, intrinsics: dict[str, float]) -> None:
    camera = bpy.data.cameras.new("Camera")
    apply_intrinsics(scene, camera, intrinsics)
    camera.clip_start, camera.clip_end = 0.05, 20.0
    parts.orbiting_camera(scene, camera, (0.0, 0.0, 0.05), 1.05, math.radians(40.0))


def _room(scene: bpy.types.Scene, rng: np.random.Generator) -> None:
    parts.world(scene, (0.9, 0.95, 1.0), 0.35)
    middle = parts.add(scene, "Middle", None)
    for name, (place, size, watts, color) in LIGHTS.items():
        parts.area_light(scene, name, place, middle, watts, size, color)
    board_mesh = clutter.sheet("Marker Board", 0.6, 0.6)
    board_mesh.materials.append(clutter.image_material("Marker Board", clutter.marker_board(rng)))
    parts.add(scene, "Marker Board", board_mesh, (0.0, 0.0, -0.0005))
    desk = parts.add(scene, "Desk", clutter.box("Desk", 1.7, 0.95, 0.04), (0.0, 0.12, -0.045))
    parts.wear(desk, clutter.noise_material("Desk Wood", (0.35, 0.22, 0.11), (0.6, 0.42, 0.25), 6.0))
    clutter.noise_material("Desk White", (0.6, 0.58, 0.55), (0.75, 0.73, 0.7), 3.0)
    clutter.noise_material("Desk Dark", (0.03, 0.03, 0.035), (0.08, 0.07, 0.07), 8.0)
    pages = np.concatenate([np.concatenate([clutter.page(rng) for _ in range(6)], 1) for _ in range(4)], 0)
    clutter.image_material("Desk Pages", pages)
    floor = clutter.sheet("Floor", 12.0, 12.0)
    floor.materials.append(clutter.noise_material("Carpet", (0.008, 0.009, 0.013), (0.03, 0.033, 0.045), 40.0))
    parts.add(scene, "Floor", floor, (0.0, 0.0, -0.75))
    walls = clutter.cone("Walls", 2.6, 2.6, 2.6, capped=False)
    walls.materials.append(clutter.image_material("Walls", clutter.wall(rng), roughness=0.9))
    parts.add(scene, "Walls", walls, (0.0, 0.0, -0.75))


def _things(scene: bpy.types.Scene, rng: np.random.Generator) -> dict[str, list[bpy.types.Object]]:
    """Things that belong to no class: {"pages": flat on the desk, "things": around, "among": between the objects}."""
    collection = bpy.data.collections.new("Clutter")
    matte, glossy = clutter.colored_material("Matte", 0.7), clutter.colored_material("Glossy", 0.25)
    placed: dict[str, list[bpy.types.Object]] = {"pages": [], "things": [], "among": []}

    def add(kind: str, data: bpy.types.Mesh, worn: bpy.types.Material, reach: float, z: float = 0.0) -> None:
        angle = rng.uniform(0.0, 2.0 * math.pi)
        made = parts.add(scene, data.name, data, (reach * 1.25 * math.cos(angle), 0.1 + reach * math.sin(angle), z),
                         collection)
        made.color = (*clutter.muted(rng), 1.0)
        parts.wear(made, worn)
        placed[kind].append(made)

    for index in range(8):
        # Each a little above the one before: coplanar faces would flicker.
        add("pages", clutter.sheet(f"Page {index + 1}", 0.21, 0.28), clutter.image_material(
            f"Page {index + 1}", clutter.page(rng)), 0.42, -0.0045 + 0.0004 * index)
    shapes = [clutter.box("Carton", 0.10, 0.12, 0.2), clutter.box("Brick", 0.12, 0.06, 0.04),
              clutter.box("Toy", 0.16, 0.07, 0.05), clutter.box("Case", 0.2, 0.1, 0.07),
              clutter.cone("Cup", 0.035, 0.045, 0.09, capped=False), clutter.cone("Bowl", 0.035, 0.075, 0.06, False),
              clutter.cone("Pot", 0.09, 0.13, 0.2, False), clutter.cone("Bottle", 0.035, 0.02, 0.22),
              clutter.ball("Ball", 0.033), clutter.ball("Pig", 0.05)]
    for index, shape in enumerate(shapes):
        add("things", shape, matte if index % 2 else glossy, 0.5)
    screen = clutter.box("Screen", 0.5, 0.03, 0.32)
    add("things", screen, clutter.image_material("Screen", clutter.picture(rng, 128), 0.3, emission=0.5), 0.52)
    placed["things"].pop().location = (0.1, 0.5, 0.05)      # stands at the back of the desk and stays there
    for shape in (clutter.box("Vice", 0.1, 0.16, 0.07), clutter.cone("Motor", 0.05, 0.04, 0.12),
                  clutter.box("Clamp", 0.14, 0.03, 0.03)):
        add("among", shape, glossy, 0.16)
    return placed


def _objects(scene: bpy.types.Scene, models: dict[str, Path]
             ) -> tuple[dict[str, bpy.types.Object], list[tuple[bpy.types.Material, dict[str, str]]]]:
    """Each object stands upright with its lowest point on the desk, on a parent of its own that arranges it."""
    collection = bpy.data.collections.new("Objects")
    objects, materials = {}, []
    for name, path in models.items():
        data = read_model(path, name)
        material, sockets = painted_material(f"{name} Paint")
        data.materials.append(material)
        materials.append((material, sockets))
        made = parts.add(scene, name, data, (0.0, 0.0, -lowest(data)), collection)
        made.parent = parts.add(scene, f"{name} Place", None, (0.0, 0.0, 0.0), collection)
        objects[name] = made
    return objects, materials


def _arrangements(objects: dict[str, bpy.types.Object], rng: np.random.Generator) -> list[dict[str, tuple]]:
    """Places in metres for all objects, none within another, uniform on the disc."""
    radii = {name: 0.42 * max(made.dimensions.x, made.dimensions.y) for name, made in objects.items()}
    made: list[dict[str, tuple]] = []
    while len(made) < ARRANGEMENTS:
        taken: dict[str, tuple[float, float]] = {}
        for name in sorted(objects, key=lambda each: -radii[each]):     # the largest first: they fit worst
            for _ in range(60):
                angle, reach = rng.uniform(0.0, 2.0 * math.pi), SPREAD * math.sqrt(rng.uniform())
                x, y = reach * math.cos(angle), reach * math.sin(angle)
                if all(math.hypot(x - other[0], y - other[1]) > radii[name] + radii[key]
                       for key, other in taken.items()):
                    taken[name] = (x, y)
                    break
            else:
                break
        if len(taken) == len(objects):
            made.append({name: (float(x), float(y), 0.0) for name, (x, y) in taken.items()})
    return made


def _mark(made: Furnished, start: dict[str, dict[str, Any]]) -> None:
    scene, materials = made.scene, made.materials

    def add(marked: list[PropertyRef], family: str, name: str, **fields) -> None:
        parts.mark(scene, name, marked, family, **{**fields, **start.get(name, {})})

    everyone = list(made.objects.values())
    _mark_camera(scene, add)
    for name, (_, _, watts, _) in LIGHTS.items():
        add(refs_to([bpy.data.lights[name]], "energy"), "lognormal", f"{name} Power", **around(watts, 2.2), low=0.02,
            high=500.0)
        add(refs_to([bpy.data.objects[name]], "location"), "normal", f"{name} Location", std=(0.4, 0.4, 0.25))
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    add(refs_to([scene.world], parts.socket_path(background, "Strength")), "lognormal", "World Strength",
        **around(0.35, 2.2), low=0.005, high=10.0)
    for axis, index in (("X", 0), ("Y", 1)):
        add(refs_to(everyone, "location", index), "normal", f"Object Place {axis}", mean=0.0, std=0.04, low=-0.4,
            high=0.4)
    add(refs_to(everyone, "rotation_euler", 2), "bounded", "Object Yaw")
    for name, family, options in (("roughness", "bounded", {}),
                                  ("gain", "lognormal", {**around(1.0, 1.35), "low": 0.2, "high": 4.0}),
                                  ("saturation", "bounded", {"low": 0.3, "high": 1.7})):
        add([paths.ref_to(material, sockets[name]) for material, sockets in materials], family,
            f"Object {name.title()}", **options)
    add(refs_to([bpy.data.objects["Desk"]], ""), "", "Desk Material", kind="MATERIAL",
        items=("Desk Wood", "Desk White", "Desk Dark", "Desk Pages"))
    mark_nuisances(made, add)
    for name, options in (("exposure", {"std": 0.4}), ("white_balance", {"std": 0.15}), ("contrast", {"std": 0.15}),
                          ("noise", {"mean": 0.012, "std": 0.012}), ("blur", {"mean": 0.5, "std": 0.4})):
        add([], "", film_key(name), kind="FILM", **options)
    write_classes(made)


def write_classes(made: Furnished) -> None:
    mark_scene.write_classes(made.scene, ClassTable(
        ("background", *OBJECTS), {name: (paths.ref_to(each),) for name, each in made.objects.items()},
        {name: MASK_ID * number for name, number in OBJECTS.items()}))


def _mark_camera(scene: bpy.types.Scene, add) -> None:
    add(refs_to([scene.camera], "location", 2), "bounded", "Camera Distance", low=0.6, high=1.6, mean=1.05, std=0.2)
    # Measured from straight down: 5 to 78 degrees is an elevation of 85 to 12 above the desk.
    add(refs_to([bpy.data.objects["Elevation"]], "rotation_euler", 0), "bounded", "Camera Tilt",
        low=math.radians(5.0), high=math.radians(78.0))
    add(refs_to([bpy.data.objects["Azimuth"]], "rotation_euler", 2), "normal", "Camera Azimuth", mean=0.0, std=0.7,
        low=-2.0, high=2.0)
    add(refs_to([scene.camera], "rotation_euler", 2), "normal", "Camera Roll", mean=0.0, std=0.2, low=-0.8, high=0.8)
    for axis, index in (("X", 0), ("Y", 1)):
        add(refs_to([bpy.data.objects["Aim"]], "location", index), "normal", f"Camera Aim {axis}", mean=0.0, std=0.1,
            low=-0.4, high=0.4)


def mark_nuisances(made: Furnished, add) -> None:
    """Drawn anew for every image, but not learned: what stands where, and what the rest looks like."""
    objects, things, rng = made.objects, made.things, made.rng
    arrangements = [tuple((paths.ref_to(objects[name].parent, "location"), list(place)) for name, place in each.items())
                    for each in _arrangements(objects, rng)]
    add([], "", "Arrangement", kind="STATE", items=tuple(f"{number + 1}" for number in range(len(arrangements))),
        states=tuple(arrangements), locked=True)
    add([], "", "Eggbox Side", kind="STATE", items=("open", "closed"),
        states=tuple(_eggbox_sides(objects["eggbox"])), locked=True)
    loose = things["pages"] + things["things"]
    add(refs_to(loose, "location", 0), "normal", "Clutter Place X", mean=0.0, std=0.5, low=-0.8, high=0.8, locked=True)
    add(refs_to(loose, "location", 1), "normal", "Clutter Place Y", mean=0.15, std=0.33, low=-0.32, high=0.55,
        locked=True)
    for axis, index in (("X", 0), ("Y", 1)):
        add(refs_to(things["among"], "location", index), "normal", f"Tools Place {axis}", mean=0.0, std=0.17, low=-0.35,
            high=0.35, locked=True)
    add(refs_to(loose + things["among"] + [bpy.data.objects["Marker Board"]], "rotation_euler", 2), "bounded",
        "Clutter Yaw", locked=True)
    # An object's colour has an alpha, which is of no use here, and a bounded family needs some width.
    add(refs_to(things["things"] + things["among"], "color"), "bounded", "Clutter Color", low=[0.02, 0.02, 0.02, 0.99],
        high=[0.9, 0.9, 0.9, 1.0], mean=[0.35, 0.3, 0.3, 0.995], locked=True)


def _eggbox_sides(eggbox: bpy.types.Object) -> list[states.State]:
    """Upright, and upside down: then its highest point is on the desk."""
    turn, height = paths.ref_to(eggbox, "rotation_euler", 0), paths.ref_to(eggbox, "location", 2)
    highest = max(vertex.co.z for vertex in eggbox.data.vertices)
    return [((turn, 0.0), (height, float(eggbox.location.z))), ((turn, math.pi), (height, float(highest)))]
