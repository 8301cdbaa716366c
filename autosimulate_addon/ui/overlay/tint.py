"""Class colours over the objects in the viewport, drawn: nothing in the file is changed for them.

(A property such as ``Object.color`` would: materials can read it, files keep it, copies of objects carry it.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import gpu
import numpy as np
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix

from .. import redraw
from . import classes

OPACITY = 0.6
#: Types of object whose faces can be had.
_SURFACES = {"MESH", "CURVE", "SURFACE", "FONT", "META"}
#: More instances than this would make the viewport slow; the rest keep their looks.
_MOST = 3000
#: How much nearer than the surface the colour is drawn, in clip space, so that the two do not flicker.
_NEARER = 2e-5

_handle = None
_shown = False
_shader = None


@dataclass
class _Drawn:
    """What is drawn of one scene: faces by the evaluated data they are of, and where which of them stand."""

    faces: dict[tuple, Any]
    instances: list[tuple[Matrix, tuple[float, ...], Any]]


_drawn: dict[int, _Drawn] = {}


def shown() -> bool:
    return _shown


def show(on: bool) -> None:
    """Switches the colours on or off, in all viewports."""
    global _shown
    _shown = on
    _drawn.clear()
    redraw.sidebars(viewports=True)


def refresh() -> None:
    """To be called when the classes have changed."""
    if _shown:
        for drawn in _drawn.values():
            drawn.instances = []
        redraw.sidebars(viewports=True)


def triangles(mesh: bpy.types.Mesh) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3, 3) corners of a mesh's triangles, in its own space, and (n,) which material slot each wears."""
    mesh.calc_loop_triangles()
    places = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    corners = np.empty(3 * len(mesh.loop_triangles), np.int32)
    slots = np.empty(len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    mesh.loop_triangles.foreach_get("material_index", slots)
    return places.reshape(-1, 3)[corners].reshape(-1, 3, 3), slots


def parts(obj: bpy.types.Object, by_object: int | None, materials: dict[int, int]) -> dict[int, tuple[int, ...] | None]:
    """Position of a class -> the material slots whose faces it has, None for all of them."""
    slots = [materials.get(slot.material.original.session_uid) if slot.material else None
             for slot in obj.material_slots]
    if not any(position is not None for position in slots):
        return {} if by_object is None else {by_object: None}
    found: dict[int, tuple[int, ...]] = {}
    for i, position in enumerate(slots):
        position = by_object if position is None else position
        if position is not None:
            found[position] = (*found.get(position, ()), i)
    return found


def _collect(scene: bpy.types.Scene, graph: bpy.types.Depsgraph, drawn: _Drawn) -> None:
    by_object, by_material = classes.of_objects(scene), classes.of_materials(scene)
    colors = [(*group.color, OPACITY) for group in scene.autosimulate.classes]
    for item in graph.object_instances:
        obj = item.object
        if obj.type not in _SURFACES or not item.show_self or len(drawn.instances) >= _MOST:
            continue
        own = by_object.get(obj.original.session_uid)
        if own is None and item.parent is not None:
            own = by_object.get(item.parent.original.session_uid)
        for position, slots in parts(obj, own, by_material).items():
            key = (obj.data.as_pointer(), slots)
            if key not in drawn.faces:
                drawn.faces[key] = _batch(obj, slots)
            if drawn.faces[key] is not None:
                drawn.instances.append((item.matrix_world.copy(), colors[position], drawn.faces[key]))


def _batch(obj: bpy.types.Object, slots: tuple[int, ...] | None) -> Any:
    global _shader
    mesh = obj.data if obj.type == "MESH" else obj.to_mesh()
    if mesh is None:
        return None
    corners, worn = triangles(mesh)
    if slots is not None:
        corners = corners[np.isin(np.minimum(worn, len(obj.material_slots) - 1), slots)]
    if obj.type != "MESH":
        obj.to_mesh_clear()
    if not len(corners):
        return None
    _shader = _shader or gpu.shader.from_builtin("UNIFORM_COLOR")
    return batch_for_shader(_shader, "TRIS", {"pos": corners.reshape(-1, 3)})


def draw() -> None:
    """The viewport's draw callback."""
    context = bpy.context
    if not _shown or context.scene is None or not len(context.scene.autosimulate.classes):
        return
    drawn = _drawn.setdefault(context.scene.session_uid, _Drawn({}, []))
    if not drawn.instances:
        _collect(context.scene, context.evaluated_depsgraph_get(), drawn)
    if not drawn.instances:
        return
    nearer = Matrix.Identity(4)
    nearer[2][3] = -_NEARER
    gpu.state.blend_set("ALPHA")
    gpu.state.depth_test_set("LESS_EQUAL")
    gpu.state.depth_mask_set(False)
    _shader.bind()
    with gpu.matrix.push_pop_projection():
        gpu.matrix.load_projection_matrix(nearer @ gpu.matrix.get_projection_matrix())
        for place, color, batch in drawn.instances:
            with gpu.matrix.push_pop():
                gpu.matrix.multiply_matrix(place)
                _shader.uniform_float("color", color)
                batch.draw(_shader)
    gpu.state.depth_test_set("NONE")
    gpu.state.blend_set("NONE")


@persistent
def _on_change(scene: bpy.types.Scene, graph: bpy.types.Depsgraph | None = None) -> None:
    if not _shown:
        return
    if graph is None or any(update.is_updated_geometry for update in graph.updates):
        _drawn.clear()                                  # evaluated data may be gone, its address another's
    for drawn in _drawn.values():
        drawn.instances = []


@persistent
def _on_load(*_: Any) -> None:
    global _shown
    _shown = False
    _drawn.clear()


@persistent
def _on_undo(*_: Any) -> None:
    _drawn.clear()


_HANDLERS = (("depsgraph_update_post", _on_change), ("frame_change_post", _on_change), ("undo_post", _on_undo),
             ("redo_post", _on_undo), ("load_post", _on_load))


def register() -> None:
    global _handle
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)
    if not bpy.app.background:
        _handle = bpy.types.SpaceView3D.draw_handler_add(draw, (), "WINDOW", "POST_VIEW")


def unregister() -> None:
    global _handle, _shader, _shown
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    if _handle is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_handle, "WINDOW")
        _handle = None
    _shader, _shown = None, False
    _drawn.clear()
