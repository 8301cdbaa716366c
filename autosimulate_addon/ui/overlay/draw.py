"""Draws the overlay's lines into the 3D viewports: two draw calls, whatever the number of shapes.

Batches are made anew only when psi or a place changes: in front of surfaces, and behind them, the same lines but
fainter.
"""

from __future__ import annotations

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ...protocol import AutoSimulateError
from .. import panel_data, redraw
from ..jobs.table import psi_before
from . import geometry

GREY = (0.65, 0.65, 0.65, 0.6)
COLOR = (0.95, 0.60, 0.25, 0.9)
LIGHT_COLOR = (1.0, 0.85, 0.35, 0.8)

#: Depth test, and how much of each colour's own opacity is left where the test passes.
_PASSES = (("LESS_EQUAL", 1.0), ("GREATER", 0.3))

_handle = None
_shader = None
_lines: dict[int, dict[tuple, np.ndarray]] = {}
#: Of each scene: the batch of every pass.
_batches: dict[int, tuple] = {}


def collect(scene: bpy.types.Scene, data: panel_data.SceneData) -> dict[tuple, np.ndarray]:
    """Segments by colour, (n, 3) world space, for what the scene's distributions say of places and lights."""
    shapes: dict[tuple, list[np.ndarray]] = {}
    before = psi_before(scene)
    for group in scene.autosimulate.marks:
        psi = data.psi.get(group.name)
        if psi is None or not group.enabled or group.kind != "PROPERTY" or "mean" not in psi:
            continue
        start = before.get(group.name)
        try:
            for color, segments in _of_mark(scene, group, psi, start):
                shapes.setdefault(color, []).append(segments)
        except AutoSimulateError:
            continue                                    # its row in the list says what is wrong
    return {color: np.concatenate(parts) for color, parts in shapes.items() if parts}


def _of_mark(scene: bpy.types.Scene, group, psi: dict, start: dict | None):
    first = group.targets[0]
    if first.path == "location" and isinstance(first.id, bpy.types.Object):
        for parameters, color in ((start, GREY), (psi, COLOR)):
            if parameters:
                mean, std = _place(first, parameters)
                for sigmas in (1.0, 2.0):
                    yield color, geometry.ellipsoid(mean, std, sigmas, _parent_matrix(first.id))
    elif first.path == "energy" and isinstance(first.id, bpy.types.Light):
        lights = {target.id for target in group.targets}
        for obj in scene.objects:
            if obj.type == "LIGHT" and obj.data in lights:
                center = np.array(obj.matrix_world.translation)
                for parameters, color in ((start, GREY), (psi, LIGHT_COLOR)):
                    if parameters:
                        yield color, geometry.energy_rings(center, parameters["mean"][0], parameters["std"][0],
                                                           _light_scale(obj.data))


def _place(target, parameters: dict) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of a location; one that is learned in one component has no spread in the others."""
    if target.index < 0:
        return np.array(parameters["mean"]), np.array(parameters["std"])
    mean, std = np.array(target.id.location), np.zeros(3)
    mean[target.index], std[target.index] = parameters["mean"][0], parameters["std"][0]
    return mean, std


def _parent_matrix(obj: bpy.types.Object) -> np.ndarray | None:
    """A location counts in the space of the parent."""
    return np.array(obj.parent.matrix_world @ obj.matrix_parent_inverse) if obj.parent else None


def _light_scale(light: bpy.types.Light) -> float:
    """Suns count in watts per square metre: a few, where lamps have hundreds."""
    return 0.4 if light.type == "SUN" else 0.05


def _after_refresh(scene: bpy.types.Scene, data: panel_data.SceneData) -> None:
    key = scene.session_uid
    lines = collect(scene, data)
    old = _lines.get(key, {})
    if lines.keys() != old.keys() or any(not np.array_equal(lines[color], old[color]) for color in lines):
        _lines[key] = lines
        _batches.pop(key, None)
        redraw.sidebars(viewports=True)


def _visible(context: bpy.types.Context) -> bool:
    """While overlays are on and our tab is the open one of this viewport's sidebar."""
    space = context.space_data
    if not space.overlay.show_overlays or not space.show_region_ui:
        return False
    return any(region.type == "UI" and getattr(region, "active_panel_category", "") == "AutoSimulate"
               for region in context.area.regions)


def draw() -> None:
    """The viewport's draw callback; whatever goes wrong in it must not reach Blender's drawing."""
    context = bpy.context
    if context.scene is None or not _visible(context):
        return
    key = context.scene.session_uid
    lines = _lines.get(key)
    if not lines:
        return
    batches = _batches.get(key)
    if batches is None:
        batches = _batches[key] = _make_batches(lines)
    gpu.state.blend_set("ALPHA")
    gpu.state.line_width_set(1.0)
    _shader.bind()
    for (test, _), batch in zip(_PASSES, batches, strict=True):
        gpu.state.depth_test_set(test)
        batch.draw(_shader)
    gpu.state.blend_set("NONE")
    gpu.state.depth_test_set("NONE")


def _make_batches(lines: dict[tuple, np.ndarray]) -> tuple:
    """Colours are per vertex, so that all shapes are one batch."""
    global _shader
    _shader = _shader or gpu.shader.from_builtin("FLAT_COLOR")
    positions = np.concatenate(list(lines.values()))
    colors = np.repeat(np.array(list(lines), np.float32), [len(segments) for segments in lines.values()], axis=0)
    return tuple(batch_for_shader(_shader, "LINES", {"pos": positions, "color": colors * _opacity(share)})
                 for _, share in _PASSES)


def _opacity(share: float) -> np.ndarray:
    return np.array((1.0, 1.0, 1.0, share), np.float32)


def register() -> None:
    global _handle
    if bpy.app.background:
        return
    panel_data.after_refresh.append(_after_refresh)
    _handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_VIEW")


def unregister() -> None:
    global _handle, _shader
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        panel_data.after_refresh.remove(_after_refresh)
        _handle = None
    _shader = None
    _lines.clear()
    _batches.clear()
