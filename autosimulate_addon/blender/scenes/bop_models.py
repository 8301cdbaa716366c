"""BOP's CAD models: PLY in millimetres with vertex colours."""

from __future__ import annotations

from pathlib import Path

import bpy
from mathutils import Matrix

from ...protocol import InputError
from . import parts


def read_model(path: Path, name: str) -> bpy.types.Mesh:
    """A mesh in metres with a vertex colour attribute "Col". Raises InputError when the file is no such model."""
    before = set(bpy.data.objects)
    try:
        # Colours are read as sRGB, which is how scanners and BOP store them; the shader gets them scene-linear.
        bpy.ops.wm.ply_import(filepath=str(path), forward_axis="Y", up_axis="Z", import_colors="SRGB")
    except RuntimeError as error:
        raise InputError(f"The model {path} cannot be read: {str(error).strip().splitlines()[-1]}") from None
    imported = [made for made in bpy.data.objects if made not in before]
    if len(imported) != 1 or not imported[0].data.polygons:
        raise InputError(f"The model {path} cannot be read; it must be a PLY file with faces.")
    data = imported[0].data
    bpy.data.objects.remove(imported[0])
    if not data.color_attributes:
        raise InputError(f"The model {path} has no vertex colours.")
    data.name = name
    data.color_attributes[0].name = "Col"
    data.transform(Matrix.Scale(0.001, 4))
    return data


def lowest(data: bpy.types.Mesh) -> float:
    """Height of the lowest vertex, in metres."""
    return min(vertex.co.z for vertex in data.vertices)


def painted_material(name: str) -> tuple[bpy.types.Material, dict[str, str]]:
    """A material from the vertex colours; returns it and the paths of its roughness, gain and saturation.

    Gain and saturation are there because the models' colours were captured under some light of their own.
    """
    made, shader = parts.material(name)
    tree = made.node_tree
    colors = tree.nodes.new("ShaderNodeVertexColor")
    colors.layer_name = "Col"
    adjust = tree.nodes.new("ShaderNodeHueSaturation")
    tree.links.new(colors.outputs["Color"], adjust.inputs["Color"])
    tree.links.new(adjust.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = 0.5
    return made, {"roughness": parts.socket_path(shader, "Roughness"), "gain": parts.socket_path(adjust, "Value"),
                  "saturation": parts.socket_path(adjust, "Saturation")}
