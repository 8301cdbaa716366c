"""CLEVR's own base scene with its shapes and materials (Johnson et al., CVPR 2017; clevr-dataset-gen, BSD), marked.

The file is used as its authors saved it: lamps and camera look at an Empty through Track To constraints, shapes are
two units wide, materials are node groups with a Color input. A run starts dark, off to one side and all rubber;
``target`` is the way CLEVR's images look.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import bpy

from ...protocol import InputError, Moments
from ...protocol.moments import around, normal, softmax
from .. import paths
from ..marks import mark_scene
from ..marks.mark import ClassTable
from . import parts

#: Scaled radius in CLEVR's properties.json; every class gets one of each.
SIZES = ("large", "small")
LAMPS = ("Lamp_Key", "Lamp_Fill", "Lamp_Back")
#: A lamp's factor of power at the start, by which it is wrong.
WRONG = {"Lamp_Key": 0.12, "Lamp_Fill": 0.2, "Lamp_Back": 0.2, "Area": 0.15}
SAMPLES = ("1", "4", "16", "32")
BOUNCES = ("0", "1", "3", "8")
#: CLEVR draws places uniformly from [-3, 3]; its script's jitter of lamps and camera is +- half a unit.
REACH, JITTER = 3.5, 0.3


def build(data_dir: str | Path, output: str | Path | None = None, start: str = "narrow") -> bpy.types.Scene:
    """Builds the scene from CLEVR's ``image_generation/data`` folder in place of the open file.

    ``start``: "narrow" (and wrong) or "wide"; saved when ``output`` is given. Raises InputError when a file of the
    data is missing or has not what it should.
    """
    base = parts.data_file(data_dir, "base_scene.blend")
    settings = json.loads(parts.data_file(data_dir, "properties.json").read_text(encoding="utf-8"))
    try:
        bpy.ops.wm.open_mainfile(filepath=str(base), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise InputError(f"{base} cannot be opened: {str(error).strip().splitlines()[-1]}") from None
    scene = parts.prepare(bpy.context.scene, 96, 72)
    materials = {name: _material(data_dir, name.title(), group) for name, group in settings["materials"].items()}
    objects = _objects(scene, data_dir, settings, next(iter(materials.values())))
    _mark(scene, objects, settings, [material.name for material in materials.values()],
          {"narrow": narrow_start, "wide": wide_start}[start]())
    parts.save(output)
    return scene


def target() -> dict[str, Moments]:
    """psi* in plain units: as CLEVR's images look (Cycles has become darker since the file was made)."""
    return _psi(dict.fromkeys(WRONG, 1.6), 1.25, (0.0, 0.0), (1.6, 1.6), (0.0, 0.0), (-3.0, -1.0, 1.0, 2.0),
                  (-3.0, -1.0, 1.0, 2.0))


def narrow_start() -> dict[str, Moments]:
    """A narrow wrong guess: dark, off to one side, mostly rubber, few samples and bounces."""
    return _psi(WRONG, 1.8, (-1.6, -1.4), (0.9, 0.9), (0.0, -1.5), (0.6, 0.3, 0.0, -0.3), (0.6, 0.3, 0.0, -0.3))


def wide_start() -> dict[str, Moments]:
    """Wide randomisation around the file's own values."""
    return _psi(dict.fromkeys(WRONG, 0.6), 3.0, (0.0, 0.0), (2.0, 2.0), (0.0, 0.0), (0.0,) * 4, (0.0,) * 4)


#: Watts of the lamps in base_scene.blend (a sun's: W/m²).
_FILE_POWER = {"Lamp_Key": 78.54, "Lamp_Fill": 23.56, "Lamp_Back": 39.27, "Area": 0.45}


def _psi(factors, spread, middle, std, material, samples, bounces) -> dict[str, Moments]:
    psi = {f"{name} Power": around(power * factors.get(name, 1.0), spread) for name, power in _FILE_POWER.items()}
    psi["Place X"], psi["Place Y"] = (normal(*moments) for moments in zip(middle, std, strict=True))
    psi["Material"], psi["Samples"], psi["Bounces"] = (softmax(*logits) for logits in
                                                             (material, samples, bounces))
    return psi


def _material(data_dir: str | Path, name: str, group: str) -> bpy.types.Material:
    """A material around CLEVR's node group; the colour is the object's own."""
    appended = _append(data_dir, "materials", group, "node_groups", "node group")
    made, shader = parts.material(name)
    tree = made.node_tree
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = appended
    color = tree.nodes.new("ShaderNodeObjectInfo")
    output = next(other for other in tree.nodes if other.type == "OUTPUT_MATERIAL")
    tree.nodes.remove(shader)
    tree.links.new(color.outputs["Color"], node.inputs["Color"])
    tree.links.new(node.outputs[0], output.inputs["Surface"])
    return made


def read_shape(data_dir: str | Path, name: str, shape: str) -> bpy.types.Mesh:
    """One of CLEVR's meshes, two units wide around its middle, from the object ``shape`` of shapes/``shape``.blend."""
    appended = _append(data_dir, "shapes", shape, "objects", "object")
    mesh = appended.data
    bpy.data.objects.remove(appended)
    mesh.name = name.title()
    return mesh


def _append(data_dir: str | Path, folder: str, name: str, collection: str, kind: str) -> bpy.types.ID:
    """The data-block ``name`` of ``folder``/``name``.blend, from the ``collection`` of its file."""
    path = parts.data_file(data_dir, folder, f"{name}.blend")
    with bpy.data.libraries.load(str(path), link=False) as (inside, wanted):
        if name not in getattr(inside, collection):
            raise InputError(f"{path} holds no {kind} {name!r}; use CLEVR's own {folder}.")
        setattr(wanted, collection, [name])
    return getattr(wanted, collection)[0]


def _objects(scene: bpy.types.Scene, data_dir: str | Path, settings: dict, worn: bpy.types.Material
             ) -> dict[str, list[bpy.types.Object]]:
    objects: dict[str, list[bpy.types.Object]] = {}
    for index, (name, shape) in enumerate(settings["shapes"].items()):
        mesh = read_shape(data_dir, name, shape)
        collection = bpy.data.collections.new(f"{name.title()}s")
        for size in SIZES:
            radius = settings["sizes"][size]
            if name == "cube":
                radius /= math.sqrt(2.0)    # as CLEVR does, or cubes would look larger than the rest
            made = parts.add(scene, f"{size.title()} {name.title()}", mesh,
                             (2.0 * (index - 1), 1.0 if size == "large" else -1.0, radius), collection)
            made.scale = (radius,) * 3
            parts.wear(made, worn)
            objects.setdefault(name, []).append(made)
    return objects


def _mark(scene: bpy.types.Scene, objects: dict[str, list[bpy.types.Object]], settings: dict, materials: list[str],
          start: Mapping[str, Moments]) -> None:
    everyone = [made for members in objects.values() for made in members]

    def add(blocks, path: str, family: str, name: str, index: int = -1, **fields) -> None:
        parts.mark(scene, name, paths.refs_to(blocks, path, index), family,
                   **{**start.get(name, {}), **fields})

    for name in _FILE_POWER:
        add([scene.objects[name].data], "energy", "lognormal", f"{name} Power", low=0.001, high=5000.0)
    add([scene], "cycles.max_bounces", "integer", "Bounces", items=BOUNCES)
    add([scene], "cycles.samples", "integer", "Samples", items=SAMPLES)
    add(everyone, "location", "normal", "Place X", 0, low=-REACH, high=REACH)
    add(everyone, "location", "normal", "Place Y", 1, low=-REACH, high=REACH)
    add(everyone, "", "", "Material", kind="MATERIAL", items=tuple(materials))
    add(everyone, "rotation_euler", "bounded", "Rotation", 2, locked=True)
    for block in [*(scene.objects[name] for name in LAMPS), scene.camera]:
        add([block], "location", "normal", f"{block.name} Location", std=JITTER, locked=True)
    for made in everyone:
        # CLEVR hands its 8-bit numbers to the shader as they are, without a conversion to linear.
        palette = {name: (*(channel / 255.0 for channel in color), 1.0)
                   for name, color in settings["colors"].items()}
        color = paths.ref_to(made, "color")
        parts.mark(scene, f"{made.name} Color", kind="STATE", items=tuple(palette),
                   states=tuple(((color, list(value)),) for value in palette.values()), locked=True)
    members = {name: tuple(paths.refs_to(blocks)) for name, blocks in objects.items()}
    mark_scene.write_classes(scene, ClassTable(("background", *objects), members))

