"""Every difference between Blender versions that this project depends on, in one place (4.2 to 5.2)."""

from __future__ import annotations

import re

import bpy

VERSION = bpy.app.version
#: Of a property that holds a path: from 4.5 Blender shows a relative one red unless it is said to be understood.
PATH_OPTIONS = {"ANIMATABLE"} if VERSION < (4, 5, 0) else {"ANIMATABLE", "PATH_SUPPORTS_BLEND_RELATIVE"}

_MODIFIER_ITEM = re.compile(r'^(modifiers\["(?:[^"\\]|\\.)*"\])\["([A-Za-z]\w*)"\]$')
_MODIFIER_INPUT = re.compile(r'^(modifiers\["(?:[^"\\]|\\.)*"\])\.properties\.inputs\.([A-Za-z]\w*)\.value$')


def native_path(id_data: bpy.types.ID, path: str) -> str:
    """The path of a geometry-nodes modifier input as this version writes it; any other path unchanged.

    ``modifiers["GN"]["Socket_2"]`` up to 5.1, ``modifiers["GN"].properties.inputs.Socket_2.value`` from 5.2, so that
    a scene marked in one version works in the other.
    """
    if not isinstance(id_data, bpy.types.Object):
        return path
    if VERSION >= (5, 2, 0):
        return _MODIFIER_ITEM.sub(r"\1.properties.inputs.\2.value", path)
    return _MODIFIER_INPUT.sub(r'\1["\2"]', path)


def is_editable(id_data: bpy.types.ID) -> bool:
    """Whether a data-block may be changed: local, or a library override."""
    return id_data.library is None


def animation_curves(animation: bpy.types.AnimData) -> list[bpy.types.FCurve]:
    """The F-curves of the action and of every NLA strip (``Action.fcurves`` went in 5.0: slots and layers)."""
    pairs = [(animation.action, getattr(animation, "action_slot", None))]
    for track in animation.nla_tracks:
        pairs += [(strip.action, getattr(strip, "action_slot", None)) for strip in track.strips]
    curves: list[bpy.types.FCurve] = []
    for action, slot in pairs:
        if action is None:
            continue
        if hasattr(action, "layers"):
            curves += [curve for layer in action.layers for strip in layer.strips if slot is not None
                       for bag in (strip.channelbag(slot),) if bag is not None for curve in bag.fcurves]
        else:
            curves += list(action.fcurves)
    return curves


# --- rendering -------------------------------------------------------------------------------------------------------

#: Names of the passes in a multilayer EXR (4.x writes short ones).
OBJECT_INDEX_PASSES = ("Object Index", "IndexOB")
MATERIAL_INDEX_PASSES = ("Material Index", "IndexMA")


def eevee_engine() -> str:
    """EEVEE's identifier: ``BLENDER_EEVEE_NEXT`` up to 4.5, ``BLENDER_EEVEE`` from 5.0."""
    return "BLENDER_EEVEE" if VERSION >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"


def multilayer_exr_settings() -> dict[str, str]:
    """What to set on ``render.image_settings``, in this order, for one uncompressed float multilayer EXR."""
    settings = {"media_type": "MULTI_LAYER_IMAGE"} if VERSION >= (5, 0, 0) else {}
    return settings | {"file_format": "OPEN_EXR_MULTILAYER", "exr_codec": "NONE", "color_depth": "32",
                       "color_management": "FOLLOW_SCENE"}


def has_cycles(scene: bpy.types.Scene) -> bool:
    """Whether the Cycles add-on is enabled."""
    return hasattr(scene, "cycles")


def has_denoiser() -> bool:
    """Whether Cycles was built with OpenImageDenoise (Debian's is not; 4.3 then refuses to render with it on)."""
    try:
        import _cycles
    except ImportError:
        return False
    return bool(getattr(_cycles, "with_openimagedenoise", False))


def uses_nodes(id_data: bpy.types.ID) -> bool:
    """Whether a world, light or material is shaded by its node tree (worlds and materials always are from 5.0)."""
    if id_data.node_tree is None:
        return False
    if VERSION >= (5, 0, 0) and not isinstance(id_data, bpy.types.Light):
        return True
    return id_data.use_nodes


def remove_light_group(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, name: str) -> None:
    """Takes a light group out of the view layer's list (``lightgroups.remove`` came after 4.2: an operator there)."""
    group = view_layer.lightgroups.get(name)
    if group is None:
        return
    if hasattr(view_layer.lightgroups, "remove"):
        view_layer.lightgroups.remove(group)
        return
    view_layer.active_lightgroup_index = view_layer.lightgroups.find(name)
    with bpy.context.temp_override(scene=scene, view_layer=view_layer):
        bpy.ops.scene.view_layer_remove_lightgroup()


def compositor_nodes(scene: bpy.types.Scene) -> list[bpy.types.Node]:
    """The nodes of the scene's compositor, where it is on (a node group of the file from 5.0)."""
    before = scene.node_tree if VERSION < (5, 0, 0) and scene.use_nodes else None
    tree = scene.compositing_node_group if VERSION >= (5, 0, 0) else before
    return list(tree.nodes) if tree is not None else []


def sequencer_strips(scene: bpy.types.Scene) -> list[bpy.types.bpy_struct]:
    """The strips of the scene's sequencer (``sequences_all`` up to 4.3)."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all)
