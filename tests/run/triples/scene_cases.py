"""Small scenes: where their objects come from, what else is in them, and what is wrong with them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from autosimulate_addon.blender import paths
from autosimulate_addon.blender.marks import properties
from tests.blender import checks
from tests.run.triples.deck import EITHER, RESULT, Verdict, data_text, refused

#: Of objects, lights, classes and marks: what Blender's users type, and what files, reports and figures must carry.
NAMES = ("plain", "plain.001", "sp ace", "a'b", 'a"b', "[x]", "st*r?", "back\\slash", "do.t/slash", "50% {0}",
         "$x_1^2$", "<b>&amp;", "Bällé", "球体の模型", "٣ابع", "😀", "x" * 60, "_under", "-dash", " lead", "psi",
         "tab\there")


@dataclass
class Scene:
    """A scene that is open in Blender. ``ball``, ``box``, ``lamp`` ... are its data-blocks; ``fixed`` those that
    nothing can be drawn into, because they are linked."""

    folder: Path
    ball: bpy.types.Object
    box: bpy.types.Object
    lamp: bpy.types.Light
    fixed: set[str] = field(default_factory=set)
    verdict: Verdict = RESULT

    @property
    def path(self) -> Path:
        return self.folder / "scene.blend"

    def text(self, role: str) -> str:
        """``role`` ("ball", "lamp", "camera", "world", "scene", "paint") as a marks file names it."""
        return naming(self.block(role))

    def block(self, role: str) -> bpy.types.ID:
        scene = bpy.context.scene
        of_scene = {"scene": scene, "camera": scene.camera and scene.camera.data, "world": scene.world,
                    "paint": bpy.data.materials.get("Paint")}
        return of_scene[role] if role in of_scene else getattr(self, role)

    def save(self) -> None:
        bpy.ops.wm.save_as_mainfile(filepath=str(self.path), check_existing=False, compress=False)


def naming(block: bpy.types.ID) -> str:
    """The data-block as a marks file names it: with its library, "" where only the file's own is meant."""
    collection = paths.collection_of(block)
    namesakes = sum(other.name == block.name for other in getattr(bpy.data, collection))
    own = "" if namesakes > 1 else None
    return data_text(collection, block.name, block.library.filepath if block.library else own)


def begin() -> bpy.types.Scene:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    properties.ensure_registered()
    return bpy.context.scene


def things(names: tuple[str, str], collection: bpy.types.Collection) -> tuple[bpy.types.Object, bpy.types.Object]:
    """A ball and a box that wear "Paint" and "Chrome"."""
    made = []
    for place, (name, add) in enumerate(zip(names, (bpy.ops.mesh.primitive_ico_sphere_add,
                                                    bpy.ops.mesh.primitive_cube_add), strict=True)):
        add(location=(1.6 * place - 0.8, 0.0, 0.8))
        thing = bpy.context.object
        thing.name, thing.scale = name, (0.7,) * 3
        for other in thing.users_collection:
            other.objects.unlink(thing)
        collection.objects.link(thing)
        material = bpy.data.materials.new(("Paint", "Chrome")[place])
        material.use_nodes = material.use_fake_user = True
        thing.data.materials.append(material)
        made.append(thing)
    return made[0], made[1]


def surroundings(scene: bpy.types.Scene, name: str) -> bpy.types.Light:
    """Camera, lamp, world; Cycles with a single sample and bounce."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.max_bounces, scene.cycles.use_denoising = 1, 1, False
    lamp = bpy.data.lights.new(name, "AREA")
    lamp.energy = 100.0
    stand = bpy.data.objects.new(name, lamp)
    stand.location = (0.0, -1.0, 4.0)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0.0, -6.0, 3.0), (1.15, 0.0, 0.0)
    for made in (stand, camera):
        scene.collection.objects.link(made)
    scene.camera, scene.world = camera, bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    return lamp


def library(folder: Path, path: str, names: tuple[str, str]) -> Path:
    """A .blend with the collection "Things", in which the ball and the box are, and a lamp "Linked Lamp"."""
    scene = begin()
    collection = bpy.data.collections.new("Things")
    scene.collection.children.link(collection)
    things(names, collection)
    bpy.data.lights.new("Linked Lamp", "POINT").use_fake_user = True
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(target), check_existing=False)
    return target


def link(path: Path, collection: str, name: str) -> bpy.types.ID:
    with bpy.data.libraries.load(str(path), link=True, relative=True) as (_, wanted):
        setattr(wanted, collection, [name])
    return getattr(wanted, collection)[0]


def opened(folder: Path, lamp: str) -> tuple[bpy.types.Scene, bpy.types.Light]:
    """A scene without things, saved, so that libraries can be linked relative to it."""
    scene = begin()
    light = surroundings(scene, lamp)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"), check_existing=False)
    return scene, light


def local(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    scene = begin()
    return Scene(folder, *things(names, scene.collection), surroundings(scene, lamp))


def linked(folder: Path, names: tuple[str, str], lamp: str, where: str = "lib.blend") -> Scene:
    target = library(folder, where, names)
    scene, light = opened(folder, lamp)
    found = [link(target, "objects", name) for name in names]
    for thing in found:
        scene.collection.objects.link(thing)
    return Scene(folder, *found, light, {"ball", "box", "paint"})


def linked_deep(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    return linked(folder, names, lamp, "sub dir/#1 100%/lib é.blend")


def linked_instance(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    target = library(folder, "lib.blend", names)
    scene, light = opened(folder, lamp)
    empty = bpy.data.objects.new("Instance", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", link(target, "collections", "Things")
    scene.collection.objects.link(empty)
    return Scene(folder, *(empty.instance_collection.objects[name] for name in names), light, {"ball", "box", "paint"})


def override(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    made = linked(folder, names, lamp)
    for role in ("ball", "box"):
        copy = getattr(made, role).override_create(remap_local_usages=True)
        setattr(made, role, copy)
    return Scene(folder, made.ball, made.box, made.lamp, {"paint"})


def override_of_a_collection(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    made = linked_instance(folder, names, lamp)
    empty = bpy.data.objects["Instance"]
    scene = bpy.context.scene
    copy = empty.instance_collection.override_hierarchy_create(scene, bpy.context.view_layer, reference=empty)
    bpy.data.objects.remove(empty)
    if copy.name not in scene.collection.children:
        scene.collection.children.link(copy)
    # Made from a script all of them are system overrides, which the user has not made editable.
    found = {thing.name: thing for thing in copy.all_objects}
    return Scene(folder, *(found[name] for name in names), made.lamp, {"ball", "box", "paint"})


def one_name_in_two_libraries(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    first = library(folder, "a.blend", ("Same", names[1]))
    second = library(folder, "b.blend", (names[0], "Same"))
    scene, light = opened(folder, lamp)
    ball, box = link(first, "objects", "Same"), link(second, "objects", "Same")
    for thing in (ball, box):
        scene.collection.objects.link(thing)
    return Scene(folder, ball, box, light, {"ball", "box", "paint"})


def local_beside_linked(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    target = library(folder, "a.blend", ("Same", names[1]))
    scene, light = opened(folder, lamp)
    _, box = things((names[0], "Same"), scene.collection)
    ball = link(target, "objects", "Same")
    scene.collection.objects.link(ball)
    return Scene(folder, ball, box, light, {"ball"})


def linked_lamp(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    target = library(folder, "lib.blend", names)
    scene, light = opened(folder, lamp)
    found = things(names, scene.collection)
    bpy.data.objects[lamp].data = link(target, "lights", "Linked Lamp")
    bpy.data.lights.remove(light)
    return Scene(folder, *found, bpy.data.objects[lamp].data, {"lamp"})


def instanced(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    """Three empties show a collection that the scene itself has not."""
    scene = begin()
    light = surroundings(scene, lamp)
    collection = bpy.data.collections.new("Things")
    found = things(names, collection)
    for place in range(3):
        empty = bpy.data.objects.new(f"Instance {place}", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", collection
        empty.location = (place - 1.0, place, 0.0)
        scene.collection.objects.link(empty)
    return Scene(folder, *found, light)


def scattered(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    """Geometry nodes show the ball twice more."""
    made = local(folder, names, lamp)
    mesh = bpy.data.meshes.new("Row")
    row = bpy.data.objects.new("Row", mesh)
    row.modifiers.new("Nodes", "NODES").node_group = checks._instance_on_line(made.ball, 2, (1.5, 0.0, 0.0))
    bpy.context.scene.collection.objects.link(row)
    return made


def on_vertices(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    """The box stands on every corner of a plane; the ball is made by a particle system."""
    made = local(folder, names, lamp)
    bpy.ops.mesh.primitive_plane_add(size=3.0)
    plane = bpy.context.object
    plane.instance_type = "VERTS"
    made.box.parent = plane
    return made


def shared_mesh(folder: Path, names: tuple[str, str], lamp: str) -> Scene:
    made = local(folder, names, lamp)
    mesh = made.box.data
    made.box.data = made.ball.data
    bpy.data.meshes.remove(mesh)
    return made


STRUCTURES: tuple[Callable[[Path, tuple[str, str], str], Scene], ...] = (
    local, local, local, linked, linked_deep, linked_instance, override, override_of_a_collection,
    one_name_in_two_libraries, local_beside_linked, linked_lamp, instanced, scattered, on_vertices, shared_mesh)


# ---- what is wrong with the scene: before it is saved, or after


def no_camera(scene: Scene, _rng: random.Random) -> None:
    bpy.context.scene.camera = None
    scene.verdict = refused("camera")


def camera_is_a_lamp(scene: Scene, _rng: random.Random) -> None:
    bpy.context.scene.camera = next(block for block in bpy.data.objects if block.type == "LIGHT")
    scene.verdict = refused("camera")


def no_view_layer(scene: Scene, _rng: random.Random) -> None:
    for layer in bpy.context.scene.view_layers:
        layer.use = False
    scene.verdict = refused("view layer")


def shown_nothing(scene: Scene, _rng: random.Random) -> None:
    """All of it is hidden: the labels will be empty, and a run says so."""
    for thing in bpy.context.scene.objects:
        thing.hide_render = thing.type == "MESH" and thing.library is None
    scene.verdict = EITHER


BEFORE_SAVING = (no_camera, camera_is_a_lamp, no_view_layer, shown_nothing)


def cut(path: Path, rng: random.Random) -> Verdict:
    path.write_bytes(path.read_bytes()[:rng.choice((5, 11, 300, 50_000))])
    return refused("blend")


def emptied(path: Path, _rng: random.Random) -> Verdict:
    path.write_bytes(b"")
    return refused("not a .blend")


def another_file(path: Path, _rng: random.Random) -> Verdict:
    path.write_text("not a scene\n" * 50)
    return refused("not a .blend")


def gone(path: Path, _rng: random.Random) -> Verdict:
    path.unlink()
    return refused("no scene file")


def folder_instead(path: Path, _rng: random.Random) -> Verdict:
    path.unlink()
    path.mkdir()
    return refused("folder")


def libraries_gone(path: Path, _rng: random.Random) -> Verdict:
    for other in path.parent.rglob("*.blend"):
        if other != path:
            other.unlink()
    return EITHER


AFTER_SAVING = (cut, emptied, another_file, gone, folder_instead, libraries_gone)
