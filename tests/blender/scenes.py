"""Small scenes for these tests, and short names for what they use all the time."""

from __future__ import annotations

import bpy
import numpy as np

from autosimulate_addon.blender.marks.defaults import complete
from autosimulate_addon.blender.marks.factors import factor_of
from autosimulate_addon.blender.marks.mark import ClassTable, Mark
from autosimulate_addon.blender.paths import PropertyRef, parse
from autosimulate_addon.blender.render.session import RenderSession
from autosimulate_addon.blender.render.stage import RenderSettings
from autosimulate_addon.protocol import SampleKey

KEY = SampleKey(0, 0, 0)


def mark(name: str, data: str | list[str], path: str, **rest) -> Mark:
    targets = tuple(parse(one, path) for one in ([data] if isinstance(data, str) else data))
    return complete(Mark(name, "PROPERTY", targets, **rest))


def start(samples: int = 4) -> bpy.types.Scene:
    """An empty file with a camera at (0, -8, 0) that looks along +Y, and a grey world; Cycles."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0.0, -8.0, 0.0), (np.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.5, 0.5, 0.5, 1.0)
    return scene


def material(name: str, color=(0.8, 0.8, 0.8)) -> bpy.types.Material:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    made.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*color, 1.0)
    return made


def box(name: str, location=(0, 0, 0), rotation=(0, 0, 0), scale=(1, 1, 1), mesh=None, collection=None, wear=None):
    """A cube of side 2 before scaling."""
    if mesh is None:
        corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
        faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(corners, [], faces)
    return _place(name, mesh, location, rotation, scale, collection, wear)


def sphere(name: str, location=(0, 0, 0), radius=1.0, mesh=None, collection=None, wear=None):
    """A sphere of 96 x 48 faces: its outline is round to 1e-3 of its radius."""
    if mesh is None:
        import bmesh

        work = bmesh.new()
        bmesh.ops.create_uvsphere(work, u_segments=96, v_segments=48, radius=1.0)
        mesh = bpy.data.meshes.new(name)
        work.to_mesh(mesh)
        work.free()
    return _place(name, mesh, location, (0, 0, 0), (radius,) * 3, collection, wear)


def _place(name, mesh, location, rotation, scale, collection, wear):
    made = bpy.data.objects.new(name, mesh)
    made.location, made.rotation_euler, made.scale = location, rotation, scale
    (collection or bpy.context.scene.collection).objects.link(made)
    if wear is not None:
        if not len(mesh.materials):
            mesh.materials.append(None)
        made.material_slots[0].link = "OBJECT"
        made.material_slots[0].material = wear
    return made


def light(name: str, location, energy=500.0, kind="POINT"):
    made = bpy.data.objects.new(name, bpy.data.lights.new(name, kind))
    made.data.energy, made.location = energy, location
    bpy.context.scene.collection.objects.link(made)
    return made


def classes(**members) -> ClassTable:
    """``classes(ball=["objects:Ball"])``."""
    return ClassTable(("background", *members), {
        name: tuple(PropertyRef(*one.split(":", 1), None, "") for one in several) for name, several in members.items()})


def render(scene, table=None, marks=(), draw=None, key=KEY, size=(64, 48), **options):
    """One render in a session of its own."""
    with RenderSession(scene, list(marks), table or ClassTable(), RenderSettings(*size, **options)) as session:
        return session.render(draw or {}, key)


def combined(result) -> np.ndarray:
    """(H, W, 3) float64: the image as it was rendered."""
    return result.layers.astype(np.float64).sum(axis=0)


def busy_scene():
    """A scene with settings of its own in every place that a session touches."""
    scene = start()
    red, blue, lamp = material("Red"), material("Blue"), material("Lamp")
    lamp.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value = 2.0
    nested = bpy.data.collections.new("Nested")
    scene.collection.children.link(nested)
    nested.children.link(bpy.data.collections.new("Inside"))
    box("Deep", (0, 5, 0), collection=nested.children[0])
    first = box("A", wear=red)
    box("B", (2, 0, 0), mesh=first.data)
    box("Bare", (-2, 0, 0), rotation=(0.1, 0.2, 0.3))
    box("Bulb", (0, 0, 2), wear=lamp)
    first.pass_index, blue.pass_index = 3, 5
    light("Key", (3, -4, 5))
    light("Fill", (-3, -4, 5))
    layer = scene.view_layers[0]
    layer.lightgroups.add(name="mine")
    layer.lightgroups.add(name="yours")
    bpy.data.objects["Key"].lightgroup = "mine"
    scene.world.lightgroup = "yours"
    other = scene.view_layers.new("Second")
    other.use_pass_mist = True
    layer.use_pass_z = layer.use_pass_normal = True
    render = scene.render
    render.resolution_x, render.resolution_percentage = 333, 37
    render.use_border = render.use_stamp = render.use_freestyle = render.use_motion_blur = True
    render.image_settings.file_format, render.image_settings.color_mode = "JPEG", "BW"
    render.image_settings.quality = 33
    render.filepath = "//somewhere/####.jpg"
    scene.cycles.seed, scene.cycles.use_denoising, scene.cycles.use_animated_seed = 17, True, True
    first["number"], first["list"] = 1.25, [1, 2, 3]
    bpy.data.cameras["Camera"].angle = 0.7
    for block in scene.view_layers:
        block.update()
    return scene


def all_marks():
    background = 'node_tree.nodes["Background"].inputs["Strength"].default_value'
    return [
        mark("energy", ["lights['Key']", "lights['Fill']"], "energy"),
        mark("colour", "lights['Key']", "color"),
        mark("green", "lights['Fill']", "color[1]", family="bounded", low=(0.0,), high=(1.0,)),
        mark("world", "worlds['World']", background),
        mark("glow", "materials['Lamp']",
             'node_tree.nodes["Principled BSDF"].inputs["Emission Strength"].default_value'),
        mark("place", ["objects['A']", "objects['B']"], "location"),
        mark("turn", "objects['Bare']", "rotation_euler"),
        mark("number", "objects['A']", '["number"]', family="normal", mean=(0.0,), std=(1.0,)),
        mark("bounces", "scenes['Scene']", "cycles.max_bounces", family="integer", items=("0", "2", "7")),
        mark("hidden", "objects['B']", "hide_render"),
        mark("transform", "scenes['Scene']", "view_settings.view_transform", items=("Standard", "AgX")),
        mark("exposure", "scenes['Scene']", "view_settings.exposure", family="normal", mean=(0.0,), std=(1.0,)),
        complete(Mark("worn", "MATERIAL", (parse("objects['A']", ""), parse("objects['Bare']", "")),
                      items=("Red", "Blue"))),
        complete(Mark("state", "STATE", items=("plain", "fancy"), states=(
            ((parse("scenes['Scene']", "cycles.samples"), 2), (parse("objects['Bulb']", "scale"), [1.0, 2.0, 3.0])),
            ((parse("scenes['Scene']", "cycles.samples"), 3), (parse("scenes['Scene']", "camera"), "Camera"),
             (parse("cameras['Camera']", "angle"), 0.9))))),
    ]


def a_draw(marks, generator):
    draw = {}
    for factor in map(factor_of, marks):
        if factor.continuous:
            draw[factor.key] = generator.uniform(0.3, 0.9, (factor.count, factor.size))
        else:
            draw[factor.key] = generator.integers(0, len(factor.items), (factor.count, 1))
    return draw
