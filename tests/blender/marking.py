"""What the tests of marks share."""

import bpy

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import factors, properties
from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.mark import Mark


def startup_scene() -> bpy.types.Scene:
    """Blender's own startup file: Cube with Material, Light, Camera, World."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    properties.ensure_registered()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    return scene


def mark(data: str, path: str, name: str = "Mark", **options) -> Mark:
    return complete(Mark(name, "PROPERTY", (paths.parse(data, path),), **options))


def roughness_path(material: bpy.types.Material) -> str:
    node = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    index = next(index for index, socket in enumerate(node.inputs) if socket.name == "Roughness")
    return f'node_tree.nodes["{node.name}"].inputs[{index}].default_value'


def start_of(marks) -> dict:
    """psi in plain units that the marks start from."""
    return {factor.key: {name: values.tolist() for name, values in factor.start.items()}
            for factor in factors.factors_of(marks)}
