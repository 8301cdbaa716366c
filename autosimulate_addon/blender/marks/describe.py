"""What is learnable in a scene: what is marked, and what people mark most, as rows for a table.

Printing is the caller's business; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from ...protocol import Factor, InputError
from .. import drawable, inert, paths, property_info
from ..paths import PropertyRef
from . import effects
from .defaults import default_family, standing_meshes
from .factors import factor_of, unit_of
from .mark import Mark


@dataclass(frozen=True)
class Row:
    """One learnable property, marked or not. ``status``: "marked", "locked", "disabled" or "could be"."""

    status: str
    name: str               # the mark's name, or what it would be called
    data: tuple[str, ...]   # as in a marks file: lights['Key']
    path: str               # with the component, "" for materials, states and film
    family: str
    start: str              # the distribution in words, for people
    unit: str
    problem: str = ""       # why it cannot be used as it is


def marked_rows(marks: Sequence[Mark]) -> list[Row]:
    """One row per mark; a mark that cannot be used says why in ``problem``."""
    drawn = effects.drawn_by(marks)
    return [_marked(mark, drawn) for mark in marks]


def suggested_rows(scene: bpy.types.Scene, marks: Sequence[Mark] = ()) -> list[Row]:
    """What could be marked and is not yet: see ``suggestions``."""
    taken = {(ref.block, ref.path) for mark in marks for ref in mark.targets}
    taken |= {(ref.block, ref.path) for mark in marks for state in mark.states for ref, _ in state}
    rows = []
    for label, refs in suggestions(scene):
        free = [ref for ref in refs if (ref.block, ref.path) not in taken]
        if not free:
            continue
        mark = Mark(label, "PROPERTY", tuple(free))
        family = default_family(free[0], property_info.describe(free[0]))
        rows.append(Row("could be", label, tuple(map(_data, free)), _path(free[0]), family, _now(free), unit_of(mark)))
    return rows


def suggestions(scene: bpy.types.Scene) -> list[tuple[str, list[PropertyRef]]]:
    """(label, properties) that people mark most, as far as the scene has them and they can be drawn.

    Light energies and colours one by one, since lights differ; world strength; bounces; samples; the camera's place;
    places and rotations of the mesh objects with one shared distribution; roughness of the materials likewise.
    """
    candidates: list[tuple[str, list[PropertyRef]]] = []
    lights = {made.data: made for made in scene.objects if made.type == "LIGHT"}
    for data, made in lights.items():
        candidates += [(f"{made.name} Power", [paths.ref_to(data, "energy")]),
                  (f"{made.name} Color", [paths.ref_to(data, "color")])]
        if data.type != "SUN":      # which shines the same from everywhere
            candidates += [(f"{made.name} Location", [paths.ref_to(made, "location")])]
    if scene.world is not None:
        candidates += [("World Strength", _sockets(scene.world, "BACKGROUND", "Strength")),
                  ("World Color", _sockets(scene.world, "BACKGROUND", "Color"))]
    if scene.render.engine == "CYCLES":
        candidates += [("Bounces", [paths.ref_to(scene, "cycles.max_bounces")]),
                  ("Samples", [paths.ref_to(scene, "cycles.samples")])]
    if scene.camera is not None:
        candidates += [("Camera Location", [paths.ref_to(scene.camera, "location")])]
        if scene.camera.type == "CAMERA":
            candidates += [("Focal Length", [paths.ref_to(scene.camera.data, "lens")])]
    # One row for all meshes, not thousands: a shared distribution is what people want.
    meshes = [made for made in scene.objects if made.type == "MESH" and not made.hide_render]
    standing = standing_meshes(scene)
    candidates += [("Location of Objects", paths.refs_to(standing, "location")),
              ("Rotation of Objects", paths.refs_to(standing, "rotation_euler", 2))]
    materials = dict.fromkeys(slot.material for made in meshes for slot in made.material_slots if slot.material)
    candidates += [(f"{name} of Materials", [ref for material in materials
                                        for ref in _sockets(material, "BSDF_PRINCIPLED", name)])
              for name in ("Roughness", "Base Color")]
    return [(label, free) for label, refs in candidates if (free := [ref for ref in refs if _drawable(ref)])]


def _sockets(owner: bpy.types.ID, node_type: str, name: str) -> list[PropertyRef]:
    """Inputs of this name, with nothing plugged in, of all nodes of a type."""
    tree = owner.node_tree
    if tree is None:
        return []
    return [paths.ref_to(owner, f'node_tree.nodes["{bpy.utils.escape_identifier(node.name)}"].inputs[{index}]'
                                ".default_value")
            for node in tree.nodes if node.type == node_type
            for index, socket in enumerate(node.inputs) if socket.name == name and not socket.is_linked]


def _drawable(ref: PropertyRef) -> bool:
    try:
        drawable.check_drawable(ref)
    except InputError:
        return False
    return not inert.why(ref)


def _marked(mark: Mark, drawn: frozenset[PropertyRef]) -> Row:
    status = "disabled" if not mark.enabled else "locked" if mark.locked else "marked"
    data = tuple(map(_data, mark.targets)) or tuple(dict.fromkeys(
        str(ref) for state in mark.states for ref, _ in state))
    path = _path(mark.targets[0]) if mark.targets else ""
    try:
        factor = factor_of(mark)
        effects.check_one(mark, drawn)
    except InputError as error:
        return Row(status, mark.name, data, path, mark.family, "", "", str(error))
    return Row(status, mark.name, data, path, factor.family, start_text(factor), factor.unit)


def start_text(factor: Factor) -> str:
    """The distribution in words: "mean 2, std 1, from 0 to 10" or "0: 50 %, 4: 50 %"."""
    if not factor.continuous:
        return ", ".join(f"{item}: {share:.0%}".replace("%", " %") for item, share in
                         zip(factor.items, factor.start["p"], strict=True))
    text = f"mean {_numbers(factor.start['mean'])}, std {_numbers(factor.start['std'])}"
    if factor.low is not None:
        low, high = (_numbers(limits) if np.isfinite(limits).any() else "" for limits in (factor.low, factor.high))
        text += (f", from {low}" if low else "") + (f", up to {high}" if high and not low else f" to {high}" if high
                                                    else "")
    return text


def _now(refs: Sequence[PropertyRef]) -> str:
    values = paths.get(refs[0])
    shown = _numbers(values) if values.dtype.kind in "fi" else ", ".join(map(str, values))
    return f"now {shown}" + (f" ({refs[0].name})" if len(refs) > 1 else "")


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{float(value):.4g}" for value in np.atleast_1d(values))


def _data(ref: PropertyRef) -> str:
    return str(ref.block)


def _path(ref: PropertyRef) -> str:
    return ref.path + (f"[{ref.index}]" if ref.index >= 0 else "")
