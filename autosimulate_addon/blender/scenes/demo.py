"""The built-in demo: a procedural scene in the manner of CLEVR, with a target that a run does not know.

Spheres, cubes and cylinders, a large and a small one of each, rubber or metal, on a ground under three area lights.
Learnable: light energies, world strength, bounces, samples, where the objects stand, what they are made of. Drawn but
locked: rotations, colours, the ground, small moves of the camera. The hidden target (``target``) renders the
validation and test images; the start is narrow and wrong (too dark, off to one side, mostly rubber, few samples), so
that there is something to gain, or wide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import bmesh  # of the bpy module: only there once bpy is imported
import bpy
from mathutils import Matrix

from ...protocol import Moments
from ...protocol.moments import lognormal, normal, softmax
from ..marks import mark_scene
from ..marks.mark import ClassTable
from ..paths import PropertyRef, refs_to
from . import parts

CLASSES = ("sphere", "cube", "cylinder")
#: (radius, name suffix): a large and a small object of each class.
SIZES = ((0.75, "Large"), (0.5, "Small"))
#: Base colour of each class; a drawn colour lies around it, as colours of things in the world tell something.
COLORS = {"sphere": (0.55, 0.25, 0.2), "cube": (0.2, 0.5, 0.25), "cylinder": (0.25, 0.3, 0.55)}
#: name: (location, size, watts that are 1 in the units of OPTIMIZER.md's log energies)
LIGHTS = {"Key": ((4.0, -5.0, 6.0), 1.5, 55.0), "Fill": ((-5.0, -3.0, 4.0), 1.5, 40.0),
          "Back": ((0.0, 5.0, 5.0), 2.0, 55.0)}
SAMPLES = ("1", "4", "16", "32")
BOUNCES = ("0", "1", "3", "8")
#: Objects stay on this much of the ground, which the camera sees.
REACH = 3.6


def build(output: str | Path | None = None, start: str = "narrow") -> bpy.types.Scene:
    """Builds the demo in place of the open file, with marks and classes, and saves it when ``output`` is given.

    ``start``: "narrow" (and wrong), "wide", or "target", from which images can be rendered that stand for photographs.
    Raises InputError when the file cannot be written.
    """
    scene = parts.empty_scene(64, 48)
    objects = _furnish(scene)
    _mark(scene, objects, {"narrow": narrow_start, "wide": wide_start, "target": target}[start]())
    parts.save(output)
    return scene


def target() -> dict[str, Moments]:
    """psi* in plain units: what the validation images are drawn from."""
    return _psi(((2.0, 1.0, 1.3), 0.3), (0.0, 0.3), ((0.8, 0.6), (1.4, 1.2)), 1.2, (-2.0, -0.5, 1.0, 1.5),
                  (-1.5, 0.0, 1.0, 1.0))


def narrow_start() -> dict[str, Moments]:
    """A narrow wrong guess: too dark, off to one side, mostly rubber, few samples and bounces."""
    return _psi(((0.0, -0.6, -0.6), 0.7), (-1.2, 0.7), ((-1.6, -1.2), (1.0, 1.0)), -1.2, (0.6, 0.3, 0.0, -0.3),
                  (0.6, 0.3, 0.0, -0.3))


def wide_start() -> dict[str, Moments]:
    """Wide randomisation, what people do by hand today: the baseline to beat."""
    return _psi(((1.0, 0.5, 0.5), 1.2), (-0.5, 1.2), ((0.0, 0.0), (2.0, 2.0)), 0.0, (0.0,) * 4, (0.0,) * 4)


def _psi(lights, world, place, metal, samples, bounces) -> dict[str, Moments]:
    """psi from (mean, std) of each: log energies over LIGHTS' watts, log world strength over .25, places in metres.

    ``metal``, ``samples`` and ``bounces`` are logits.
    """
    psi = {f"{name} Power": lognormal(math.log(LIGHTS[name][2]) + log_energy, lights[1])
             for name, log_energy in zip(LIGHTS, lights[0], strict=True)}
    psi["World Strength"] = lognormal(math.log(0.25) + world[0], world[1])
    psi["Place X"], psi["Place Y"] = (normal(*moments) for moments in zip(*place, strict=True))
    psi["Material"] = softmax(0.0, metal)
    psi["Samples"], psi["Bounces"] = softmax(*samples), softmax(*bounces)
    return psi


def _furnish(scene: bpy.types.Scene) -> dict[str, list[bpy.types.Object]]:
    middle = parts.add(scene, "Middle", None)
    middle.location.z = 0.4
    camera = bpy.data.cameras.new("Camera")
    camera.lens, camera.sensor_width = 35.0, 32.0
    scene.camera = parts.add(scene, "Camera", camera, (0.0, -8.2, 5.2))
    parts.look_at(scene.camera, middle)
    for name, (location, size, watts) in LIGHTS.items():
        parts.area_light(scene, name, location, middle, watts, size)
    parts.world(scene, (0.9, 0.95, 1.0), 0.25)
    ground_material, shader = parts.material("Ground")
    shader.inputs["Roughness"].default_value = 0.8
    ground = parts.mesh("Ground", lambda shape: bmesh.ops.create_grid(shape, x_segments=1, y_segments=1, size=40.0))
    ground.materials.append(ground_material)
    parts.add(scene, "Ground", ground)
    rubber = _object_material("Rubber", metallic=0.0, roughness=0.65)
    _object_material("Metal", metallic=1.0, roughness=0.2)
    objects: dict[str, list[bpy.types.Object]] = {}
    for index, name in enumerate(CLASSES):
        shape = _shape(name)
        collection = bpy.data.collections.new(f"{name.title()}s")
        for radius, size in SIZES:
            made = parts.add(scene, f"{size} {name.title()}", shape,
                             (1.9 * (index - 1), 0.9 if size == "Large" else -0.9, radius), collection)
            made.scale = (radius,) * 3
            made.color = (*COLORS[name], 1.0)
            parts.wear(made, rubber)
            objects.setdefault(name, []).append(made)
    return objects


def _shape(name: str) -> bpy.types.Mesh:
    """Unit radius; the cube's edge makes its area in the image much like the sphere's."""
    if name == "sphere":
        return parts.mesh("Sphere", lambda shape: bmesh.ops.create_uvsphere(
            shape, u_segments=32, v_segments=16, radius=1.0), smooth=True)
    if name == "cube":
        # Its base is at -1, as the others': all stand on the ground at a height of their radius.
        edge = 1.6
        return parts.mesh("Cube", lambda shape: bmesh.ops.create_cube(
            shape, size=edge, matrix=Matrix.Translation((0.0, 0.0, edge / 2.0 - 1.0))))
    return parts.mesh("Cylinder", lambda shape: bmesh.ops.create_cone(
        shape, cap_ends=True, segments=48, radius1=0.85, radius2=0.85, depth=2.0))


def _object_material(name: str, metallic: float, roughness: float) -> bpy.types.Material:
    """Takes its colour from the object, so that every object can have its own with either material."""
    made, shader = parts.material(name)
    shader.inputs["Metallic"].default_value = metallic
    shader.inputs["Roughness"].default_value = roughness
    color = made.node_tree.nodes.new("ShaderNodeObjectInfo")
    made.node_tree.links.new(color.outputs["Color"], shader.inputs["Base Color"])
    return made


def _mark(scene: bpy.types.Scene, objects: dict[str, list[bpy.types.Object]], start: Mapping[str, Moments]) -> None:
    everyone = [made for members in objects.values() for made in members]

    def add(marked: list[PropertyRef], family: str, name: str, **fields) -> None:
        parts.mark(scene, name, marked, family, **{**start.get(name, {}), **fields})

    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    for name in LIGHTS:
        add(refs_to([bpy.data.lights[name]], "energy"), "lognormal", f"{name} Power", low=0.5, high=20000.0)
    add(refs_to([scene.world], parts.socket_path(background, "Strength")), "lognormal", "World Strength", low=0.005,
        high=10.0)
    add(refs_to([scene], "cycles.max_bounces"), "integer", "Bounces", items=BOUNCES)
    add(refs_to([scene], "cycles.samples"), "integer", "Samples", items=SAMPLES)
    add(refs_to(everyone, "location", 0), "normal", "Place X", low=-REACH, high=REACH)
    add(refs_to(everyone, "location", 1), "normal", "Place Y", low=-REACH, high=REACH)
    add(refs_to(everyone, ""), "", "Material", kind="MATERIAL", items=("Rubber", "Metal"))
    add(refs_to(everyone, "rotation_euler", 2), "bounded", "Rotation", locked=True)
    for name, members in objects.items():
        # The alpha that an object's colour also has is of no use here, and a bounded family needs some width.
        low = [max(channel - 0.25, 0.02) for channel in COLORS[name]] + [0.99]
        high = [min(channel + 0.3, 1.0) for channel in COLORS[name]] + [1.0]
        add(refs_to(members, "color"), "bounded", f"{name.title()} Color", low=low, high=high, locked=True)
    ground = next(node for node in bpy.data.materials["Ground"].node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    add(refs_to([bpy.data.materials["Ground"]], parts.socket_path(ground, "Base Color")), "bounded", "Ground Color",
        low=[0.25, 0.25, 0.25, 0.99], high=[0.6, 0.6, 0.6, 1.0], locked=True)
    add(refs_to([scene.camera], "location"), "normal", "Camera Location", std=(0.35, 0.35, 0.35), locked=True)
    members = {name: tuple(refs_to(blocks)) for name, blocks in objects.items()}
    mark_scene.write_classes(scene, ClassTable(("background", *CLASSES), members))
