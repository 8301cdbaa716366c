"""Properties whose value, as the scene is now, changes no picture: to draw it would teach nothing.

Only what can be told for certain without a render; ``run.optimization.unseen`` finds the rest by rendering.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import bpy

from ..protocol import InputError
from . import animated, compat, paths
from .constraints import owner_of
from .paths import PropertyRef, Resolved

#: What sets the rotation in each mode (all others are Euler's).
_ROTATIONS = {"rotation_quaternion": "QUATERNION", "delta_rotation_quaternion": "QUATERNION",
              "rotation_axis_angle": "AXIS_ANGLE", "rotation_euler": "", "delta_rotation_euler": ""}
#: (struct, the switch in it, what says something only where that is on).
_SWITCHED = (
    ("Light", "use_temperature", ("temperature",)),
    ("CameraDOFSettings", "use_dof", ("aperture_fstop", "aperture_blades", "aperture_ratio", "aperture_rotation",
                                      "focus_distance")),
)
#: Of a material or world, for the viewport alone where its nodes are in use.
_VIEWPORT = {"Material": ("diffuse_color", "metallic", "roughness", "specular_intensity", "specular_color"),
             "World": ("color",)}
_NODE = re.compile(r'^(.*\bnodes\["(?:[^"\\]|\\.)*"\])')
_MODIFIER = re.compile(r'^(modifiers\["(?:[^"\\]|\\.)*"\])')
_OUTPUTS = ("OUTPUT_MATERIAL", "OUTPUT_WORLD", "OUTPUT_LIGHT", "GROUP_OUTPUT")


def check(ref: PropertyRef, drawn: Collection[PropertyRef] = ()) -> None:
    """Raises InputError, saying why and what to do, when no value of the property can change a picture.

    ``drawn`` is all that the marks draw: what one of them may switch on is not held against another.
    """
    reason = why(ref, drawn)
    if reason:
        raise InputError(f"{ref} has no effect: {reason}.")


def why(ref: PropertyRef, drawn: Collection[PropertyRef] = ()) -> str:
    """The reason and the mend, "" where the property may have an effect."""
    for switch, reason in _causes(ref, paths.resolve(ref)):
        if not _may_change(ref.block, switch, drawn) and not animated.read_by_drivers(paths.data_block(ref)):
            return reason
    return ""


def _may_change(block: PropertyRef, switch: str, drawn: Collection[PropertyRef]) -> bool:
    """Whether a mark draws what decides this, or a driver sets it."""
    if not switch:
        return False
    if any(other.block == block and other.path.startswith(switch) for other in drawn):
        return True
    holder = paths.data_block(block)
    holders = [each for each in (holder, getattr(holder, "node_tree", None)) if each is not None]
    prefixes = (switch, switch.removeprefix("node_tree."))
    return any(curve.data_path.startswith(prefixes) for each in holders if each.animation_data
               for curve in each.animation_data.drivers)


def _causes(ref: PropertyRef, resolved: Resolved) -> Iterator[tuple[str, str]]:
    """(path of what decides it in the same data-block, "" for what cannot be drawn; reason and mend)."""
    block, owner, name = resolved.id_data, resolved.owner, resolved.identifier
    if isinstance(owner, (bpy.types.Object, bpy.types.PoseBone)) and resolved.rna is not None:
        yield from _transform(ref, resolved)
    if isinstance(block, bpy.types.Object) and name != "hide_render" and block.hide_render and _alone(block):
        yield "hide_render", ("the object is hidden from renders and nothing else depends on it; show it (the camera "
                              "icon in the Outliner)")
    modifier = _MODIFIER.match(compat.native_path(block, ref.path))
    if modifier and name != "show_render" and not block.path_resolve(modifier.group(1)).show_render:
        yield f"{modifier.group(1)}.show_render", "its modifier is switched off for renders; switch it on"
    for struct, switch, names in _SWITCHED:
        if name in names and isinstance(owner, getattr(bpy.types, struct)) and not getattr(owner, switch):
            yield (f"{ref.path.removesuffix(name)}{switch}",
                   f"{owner.bl_rna.properties[switch].name} is off; switch it on")
    if isinstance(block, (bpy.types.Material, bpy.types.World)) and owner == block and compat.uses_nodes(block) \
            and name in _VIEWPORT[block.bl_rna.identifier]:
        yield "use_nodes", "it is for the viewport, while renders take the nodes'; mark the input of a node"
    yield from _nodes(ref, resolved)


def _transform(ref: PropertyRef, resolved: Resolved) -> Iterator[tuple[str, str]]:
    owner, name = resolved.owner, resolved.identifier
    prefix = ref.path.removesuffix(name)
    if name in _ROTATIONS:
        mode = owner.rotation_mode if owner.rotation_mode in ("QUATERNION", "AXIS_ANGLE") else ""
        if mode != _ROTATIONS[name]:
            shown = owner.bl_rna.properties["rotation_mode"].enum_items[owner.rotation_mode].name
            wanted = next((key for key, value in _ROTATIONS.items() if value == mode), "")
            mend = "set the mode to XYZ Euler" if not _ROTATIONS[name] else f"mark {wanted}"
            yield f"{prefix}rotation_mode", f"the rotation mode is {shown}; {mend}"
    constraint = owner_of(owner, name, resolved.index)
    if constraint is not None:
        path = f'{prefix}constraints["{bpy.utils.escape_identifier(constraint.name)}"]'
        yield path, (f"the constraint {constraint.name!r} sets it; mark what that follows, or lower its influence")


def _alone(block: bpy.types.Object) -> bool:
    """Whether a hidden object acts on nothing: no child, constraint, modifier, node, simulation; no camera."""
    if block.type == "CAMERA" or block.rigid_body or (block.field and block.field.type != "NONE") or any(
            modifier.type in ("COLLISION", "FLUID", "DYNAMIC_PAINT") for modifier in block.modifiers):
        return False
    users = bpy.data.user_map(subset=[block]).get(block, set())
    return not any(user != block and not isinstance(user, (
        bpy.types.Collection, bpy.types.Scene, bpy.types.WindowManager, bpy.types.Screen, bpy.types.WorkSpace))
        for user in users)


def _nodes(ref: PropertyRef, resolved: Resolved) -> Iterator[tuple[str, str]]:
    block, path = resolved.id_data, ref.path
    if path.startswith("node_tree.") and isinstance(block, (bpy.types.Material, bpy.types.World, bpy.types.Light)) \
            and not compat.uses_nodes(block):
        yield "use_nodes", "Use Nodes is off; switch it on"
    found = _NODE.match(path)
    if found is None:
        return
    node, socket = block.path_resolve(found.group(1)), resolved.owner
    tree = node.id_data
    if tree.type == "COMPOSITING":
        yield "", "the compositor is not used; what it adds is not in the images that are learned from"
    if isinstance(socket, bpy.types.NodeSocket) and not socket.is_output and resolved.identifier == "default_value":
        if any(not link.is_muted for link in socket.links):
            yield "", "something is plugged into its socket; unplug it, or mark an input of what is plugged in"
        if not socket.enabled:
            yield "", f"the node {node.name!r}, as it is set, does not use this socket; mark another"
    if resolved.identifier != "mute" and node.mute:
        yield f"{found.group(1)}.mute", f"the node {node.name!r} is muted; unmute it"
    elif not _reaches_output(tree, node):
        yield "", f"the node {node.name!r} leads to no output; connect it"


def _reaches_output(tree: bpy.types.NodeTree, node: bpy.types.Node) -> bool:
    """Whether a way of unmuted links leads from the node to an output (True where that is not simply links)."""
    outputs = [other for other in tree.nodes if other.type in _OUTPUTS]
    if tree.type not in ("SHADER", "GEOMETRY") or any(hasattr(other, "paired_output_node") for other in tree.nodes):
        return True
    sources: dict[bpy.types.Node, list[bpy.types.Node]] = {}
    for link in tree.links:
        if not link.is_muted:
            sources.setdefault(link.to_node, []).append(link.from_node)
    seen = set(outputs)
    while outputs:
        for source in sources.get(outputs.pop(), ()):
            if source not in seen:
                seen.add(source)
                outputs.append(source)
    return node in seen
