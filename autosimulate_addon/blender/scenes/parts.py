"""Small parts that scenes are built from: an empty scene, meshes, materials, lights, a camera that looks at a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bmesh  # of the bpy module: only there once bpy is imported
import bpy
import numpy as np

from ...protocol import InputError
from ..marks import mark_scene, properties
from ..marks.mark import Mark
from ..paths import PropertyRef


def empty_scene(width: int, height: int) -> bpy.types.Scene:
    """An empty factory file is opened in place of the present one; its scene is prepared as ``prepare`` says."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return prepare(bpy.context.scene, width, height)


def prepare(scene: bpy.types.Scene, width: int, height: int) -> bpy.types.Scene:
    """Cycles at moderate cost, the plain sRGB view that ``core.film`` applies, and the place for marks.

    ``width`` and ``height`` (pixels) are what a run renders unless told otherwise; they give the camera's frame its
    shape.
    """
    properties.ensure_registered()
    settings = scene.autosimulate
    settings.width, settings.height = width, height
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.cycles.samples = 16
    scene.render.engine = "CYCLES"
    scene.view_settings.view_transform = "Standard"
    scene.cycles.use_denoising = False
    scene.cycles.use_adaptive_sampling = False
    scene.render.resolution_percentage = 100
    return scene


def mark(scene: bpy.types.Scene, name: str, refs: Sequence[PropertyRef] = (), family: str = "", **fields: Any) -> None:
    """Marks the properties with one distribution. ``fields`` are those of a Mark; one number needs no tuple."""
    numbers = {key: tuple(float(value) for value in np.atleast_1d(fields.pop(key)))
               for key in ("low", "high", "mean", "std", "p") if key in fields}
    mark_scene.add_mark(scene, Mark(name, targets=tuple(refs), family=family, **numbers, **fields))


def mesh(name: str, make: Callable[[bmesh.types.BMesh], object], smooth: bool = False) -> bpy.types.Mesh:
    """A mesh that ``make`` fills, its vertices and faces in an order of their places.

    ``bmesh.ops.create_uvsphere`` merges its poles in an order that changes from process to process, and with it the
    last bit of the normals: two builds would not render quite the same.
    """
    data = bpy.data.meshes.new(name)
    shape = bmesh.new()
    make(shape)
    _sort(shape.verts, lambda vertex: vertex.co)
    _sort(shape.faces, lambda face: face.calc_center_median())
    for face in shape.faces:
        face.smooth = smooth
    shape.to_mesh(data)
    shape.free()
    return data


def _sort(elements: bmesh.types.BMVertSeq | bmesh.types.BMFaceSeq, place: Callable[[Any], Sequence[float]]) -> None:
    elements.index_update()
    order = sorted(elements, key=lambda element: tuple(round(x, 4) for x in place(element)))
    ranks = {element.index: rank for rank, element in enumerate(order)}
    elements.sort(key=lambda element: ranks[element.index])


def material(name: str) -> tuple[bpy.types.Material, bpy.types.ShaderNode]:
    """A new material with nodes, and its Principled BSDF."""
    made = bpy.data.materials.new(name)
    if made.node_tree is None:
        made.use_nodes = True       # deprecated, and always on, from 5.0
    return made, next(node for node in made.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


def world(scene: bpy.types.Scene, color: Sequence[float], strength: float) -> bpy.types.ShaderNode:
    """A plain world; returns its Background node (Color, Strength)."""
    scene.world = bpy.data.worlds.new("World")
    if scene.world.node_tree is None:
        scene.world.use_nodes = True
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (*color, 1.0)
    background.inputs["Strength"].default_value = strength
    return background


def add(scene: bpy.types.Scene, name: str, data: bpy.types.ID | None, location: Sequence[float] = (0.0, 0.0, 0.0),
        collection: bpy.types.Collection | None = None) -> bpy.types.Object:
    """A new object in the scene (in ``collection``, which is linked to it when it is not yet)."""
    made = bpy.data.objects.new(name, data)
    made.location = location
    if collection is None:
        collection = scene.collection
    elif collection.name not in scene.collection.children:
        scene.collection.children.link(collection)
    collection.objects.link(made)
    return made


def area_light(scene: bpy.types.Scene, name: str, location: Sequence[float], target: bpy.types.Object, energy: float,
               size: float, color: Sequence[float] = (1.0, 1.0, 1.0)) -> bpy.types.Light:
    """An area light that keeps looking at ``target``, wherever it is moved."""
    light = bpy.data.lights.new(name, "AREA")
    light.energy, light.size, light.color = energy, size, color
    look_at(add(scene, name, light, location), target)
    return light


def look_at(subject: bpy.types.Object, target: bpy.types.Object) -> None:
    constraint = subject.constraints.new("TRACK_TO")
    constraint.target, constraint.track_axis, constraint.up_axis = target, "TRACK_NEGATIVE_Z", "UP_Y"


def orbiting_camera(scene: bpy.types.Scene, data: bpy.types.Camera, aim: Sequence[float], distance: float,
                    elevation: float) -> None:
    """The scene's camera, ``distance`` from ``aim`` and ``elevation`` radians above it. Each step of its pose is a
    property of its own, on the chain of parents Aim > Azimuth > Elevation > Camera.
    """
    parents = [add(scene, name, None) for name in ("Aim", "Azimuth", "Elevation")]
    scene.camera = add(scene, "Camera", data, (0.0, 0.0, distance))
    parents[0].location = aim
    for parent, child in zip(parents, [*parents[1:], scene.camera], strict=True):
        child.parent = parent
    # A camera that is not turned about x looks down from above.
    parents[-1].rotation_euler.x = math.pi / 2 - elevation


def wear(subject: bpy.types.Object, worn: bpy.types.Material) -> None:
    """Puts the material on this object alone: other objects of the same mesh keep theirs."""
    if not subject.material_slots:
        subject.data.materials.append(None)
    slot = subject.material_slots[0]
    slot.link = "OBJECT"
    slot.material = worn


def socket_path(node: bpy.types.ShaderNode, name: str) -> str:
    """RNA path, from the material or world, of a node's input. By index: names of sockets need not be unique."""
    index = next(index for index, socket in enumerate(node.inputs) if socket.name == name)
    return f'node_tree.nodes["{bpy.utils.escape_identifier(node.name)}"].inputs[{index}].default_value'


def save(output: str | Path | None) -> None:
    """Writes the open file, with all data packed in, unless ``output`` is None."""
    if output is None:
        return
    try:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(output).absolute()), compress=True)
    except (OSError, RuntimeError) as error:
        raise InputError(f"The scene cannot be written to {output}: {str(error).strip().splitlines()[-1]}") from None


def data_file(data_dir: str | Path, *parts: str) -> Path:
    """A file of the data a builder needs. Raises InputError, naming it, when it is not there."""
    path = Path(data_dir).expanduser().absolute().joinpath(*parts)
    if not path.exists():
        raise InputError(f"{path} is missing; give the folder that holds {'/'.join(parts)}.")
    return path
