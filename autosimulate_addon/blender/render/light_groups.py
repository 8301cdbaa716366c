"""Light groups: one render split by light source, so that other energies and colours need no new render.

Light is linear: the image is the sum over sources of (energy x colour) times what unit light of that source gives.
Cycles renders each light group as a pass of its own at no measurable cost. A source is a light (with all the objects
that use it), the world, or an emissive material (with all the objects that wear it).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from ...protocol import Draw, Driver, Factor, Layer
from .. import compat, identity, paths
from ..identity import Key
from ..marks import effects
from ..marks.mark import Mark
from ..paths import PropertyRef
from .drawing import is_data
from .snapshot import Restorer

#: A light is rendered at no less than this share of its start mean: a group that is black cannot be made brighter.
FLOOR = 0.01
#: Short, because 4.x cuts the names of passes at 24 characters.
_PREFIX = "asim"
_NODE_INPUTS = {"BACKGROUND": ("Color", "Strength"), "EMISSION": ("Color", "Strength"),
                "BSDF_PRINCIPLED": ("Emission Color", "Emission Strength")}


@dataclass(frozen=True)
class Source:
    """One summand of the image that marks drive."""

    name: str                       # data-block, as the user knows it
    objects: tuple[Key, ...]        # that shine; () for the world
    drivers: tuple[Driver, ...]
    group: str                      # the light group's name in this session


class LightGroups:
    """Which sources of a scene can be split off, for these marks. Changes nothing until ``apply``.

    The user's own groups are not rendered (the stage drops them), and are theirs again after the session.
    """

    def __init__(self, scene: bpy.types.Scene, marks: Sequence[Mark], factors: Sequence[Factor]) -> None:
        self._floors = {factor.key: FLOOR * np.abs(factor.start["mean"]) for factor in factors
                        if factor.continuous and not factor.film}
        self.sources = tuple(_sources(scene, marks, factors))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The sources' layers, then the rest: everything that no mark drives."""
        return (*(Layer(source.name, source.drivers) for source in self.sources), Layer("rest"))

    @property
    def driving(self) -> frozenset[str]:
        """Keys of the factors that drive layers."""
        return frozenset(driver.factor for source in self.sources for driver in source.drivers)

    def apply(self, restorer: Restorer, stage: bpy.types.Scene, view_layer: bpy.types.ViewLayer) -> None:
        """Adds the groups to the stage's view layer, and the sources to the groups until ``restore``."""
        for source in self.sources:
            view_layer.lightgroups.add(name=source.group)
            members = [bpy.data.objects[block] for block in source.objects] or [stage.world]
            for member in members:
                restorer.set(member, "lightgroup", source.group)

    def floored(self, draw: Draw) -> dict[str, np.ndarray]:
        """The draw to render: values that drive layers are kept away from 0 (see FLOOR)."""
        changed = dict(draw)
        for key in self.driving:
            values = np.asarray(draw[key], dtype=np.float64)
            changed[key] = np.maximum(values, np.maximum(self._floors[key], 1e-6))
        return changed

    def reference(self, rendered: Mapping[str, np.ndarray]) -> np.ndarray:
        """(L, 3): per layer the product of the drivers' values in ``rendered``; 1 for the rest."""
        reference = np.ones((len(self.sources) + 1, 3), dtype=np.float64)
        for row, source in enumerate(self.sources):
            for driver in source.drivers:
                reference[row] *= np.asarray(rendered[driver.factor])[driver.element, :3]
        return reference.astype(np.float32)


def _sources(scene: bpy.types.Scene, marks: Sequence[Mark], factors: Sequence[Factor]) -> list[Source]:
    by_key = {factor.key: factor for factor in factors}
    drivers: dict[PropertyRef, list[Driver]] = defaultdict(list)
    possible = {mark.name: mark for mark in marks if mark.enabled and mark.kind == "PROPERTY"
                and by_key[mark.name].continuous and by_key[mark.name].size != 2}
    shining = _Shining(scene, marks)
    while True:
        drivers.clear()
        # All values of a factor must drive layers, or it could not be re-drawn without a render.
        for name, mark in list(possible.items()):
            places = [shining.source_of(ref) for ref in mark.targets]
            if None in places:
                del possible[name]
                continue
            for element, place in enumerate(places):
                drivers[place].append(Driver(name, element))
        clash = shining.inseparable(drivers)
        if clash is None:
            break
        for driver in drivers[clash]:
            possible.pop(driver.factor, None)
    taken = {block.lightgroup for blocks in (bpy.data.objects, bpy.data.worlds) for block in blocks}
    prefix = _PREFIX
    while any(group.startswith(prefix) for group in taken):
        prefix += "_"       # the user's own groups have such names
    return [Source(str(place), shining.objects(place), tuple(driven), f"{prefix}{number}")
            for number, (place, driven) in enumerate(drivers.items())]


class _Shining:
    """What emits light in a scene, and which objects it belongs to."""

    def __init__(self, scene: bpy.types.Scene, marks: Sequence[Mark]) -> None:
        self.scene = scene
        self._worn: dict[Key, set[bpy.types.Material]] = defaultdict(set)      # object -> materials it may wear
        for block in bpy.data.objects:
            self._worn[identity.key(block)] |= {slot.material for slot in block.material_slots if slot.material}
        for mark in marks:
            if mark.enabled and mark.kind == "MATERIAL":
                for ref in mark.targets:
                    self._worn[ref.key] |= {identity.labelled(bpy.data.materials, item) for item in mark.items}
        self._moving = _moving(marks)

    def source_of(self, ref: PropertyRef) -> PropertyRef | None:
        """The source whose light is proportional to the property, or None."""
        resolved = paths.resolve(ref)
        if ref.index >= 0 or resolved.rna is None:
            return None             # one channel of a colour is no driver of the seam's
        block, owner = resolved.id_data, resolved.owner
        if block in self._moving or any(bpy.data.objects[each] in self._moving for each in self.objects(ref)):
            return None             # it shines in some draws and not in others, or from elsewhere
        if ref.collection == "lights":
            proportional = (owner == block and resolved.identifier in ("energy", "color")) or _feeds_output(
                block, resolved, "OUTPUT_LIGHT")
        elif ref.collection == "worlds":
            proportional = block == self.scene.world and (_feeds_output(block, resolved, "OUTPUT_WORLD") or (
                owner == block and resolved.identifier == "color" and not compat.uses_nodes(block)))
        elif ref.collection == "materials":
            proportional = _only_emitter(block, resolved)
        else:
            return None
        if not proportional or (ref.collection != "worlds" and not self.objects(ref)):
            return None
        return ref.block

    def objects(self, place: PropertyRef) -> tuple[Key, ...]:
        source = paths.data_block(place)
        if place.collection == "lights":
            return tuple(identity.key(block) for block in bpy.data.objects if block.data == source)
        if place.collection == "materials":
            return tuple(block for block, worn in self._worn.items() if source in worn)
        return ()

    def inseparable(self, places: Mapping[PropertyRef, Sequence[Driver]]) -> PropertyRef | None:
        """A source that cannot have a light group of its own: an object has one group, but shines in several ways."""
        claimed: set[Key] = set()
        for place in places:
            material = paths.data_block(place) if place.collection == "materials" else None
            if material is not None and not _worn_by_objects_only(material):
                return place
            for block in self.objects(place):
                others = self._worn[block] - {material} if material is not None else ()
                if block in claimed or any(map(_emits, others)):
                    return place
                claimed.add(block)
        return None


def _moving(marks: Sequence[Mark]) -> set[bpy.types.ID]:
    """Data-blocks that a mark may put in the place of others, what such meshes wear, and objects whose data changes."""
    moving: set[bpy.types.ID] = set()
    for ref, blocks in effects.pointed_by(marks):
        moving |= blocks
        if is_data(ref):
            moving.add(paths.data_block(ref))
    meshes = [block for block in moving if isinstance(block, bpy.types.Mesh)]
    return moving.union(*([*mesh.materials] for mesh in meshes))


def _worn_by_objects_only(material: bpy.types.Material) -> bool:
    """Whether nothing else (a geometry-nodes tree) may put the material on objects we do not know of."""
    users = bpy.data.user_map(subset=[material])[material]
    return not any(isinstance(user, bpy.types.NodeTree) for user in users)


def _feeds_output(block: bpy.types.ID, resolved: paths.Resolved, output: str) -> bool:
    """Whether the property is a free input of the one emission node that is all there is to the shader."""
    socket = _shader_input(resolved)
    if socket is None or not compat.uses_nodes(block):
        return False
    outputs = [node for node in block.node_tree.nodes if node.type == output and node.is_active_output]
    if len(outputs) != 1 or not outputs[0].inputs["Surface"].is_linked:
        return False
    return outputs[0].inputs["Surface"].links[0].from_node == socket.node


def _only_emitter(material: bpy.types.Material, resolved: paths.Resolved) -> bool:
    """Whether the material's light is proportional to the property: no other node of it emits."""
    socket = _shader_input(resolved)
    if socket is None or not compat.uses_nodes(material):
        return False
    return not any(_node_emits(node) for node in material.node_tree.nodes if node != socket.node)


def _shader_input(resolved: paths.Resolved) -> bpy.types.NodeSocket | None:
    socket = resolved.owner
    if not isinstance(socket, bpy.types.NodeSocket) or resolved.identifier != "default_value" or socket.is_linked:
        return None
    return socket if socket.name in _NODE_INPUTS.get(socket.node.type, ()) else None


def _emits(material: bpy.types.Material) -> bool:
    return compat.uses_nodes(material) and any(_node_emits(node) for node in material.node_tree.nodes)


def _node_emits(node: bpy.types.Node) -> bool:
    if node.type == "GROUP":
        return node.node_tree is not None and any(_node_emits(inner) for inner in node.node_tree.nodes)
    if node.type == "BSDF_PRINCIPLED":
        strength, color = node.inputs["Emission Strength"], node.inputs["Emission Color"]
        dark = not color.is_linked and not any(color.default_value[:3])
        return not dark and (strength.is_linked or strength.default_value != 0.0)
    return node.type in ("EMISSION", "PRINCIPLED_VOLUME", "BACKGROUND")
