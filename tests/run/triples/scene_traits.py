"""What else is in people's scenes and must make no difference to whether a run ends: each a function of the open
scene."""

from __future__ import annotations

import random

import bpy

from autosimulate_addon.blender import compat
from tests.blender.test_session_masks import add_compositor
from tests.run.triples.scene_cases import Scene


def plain(_made: Scene, _rng: random.Random) -> None:
    pass


def camera_kind(_made: Scene, rng: random.Random) -> None:
    camera = bpy.context.scene.camera.data
    camera.type = rng.choice(("ORTHO", "PANO"))
    camera.ortho_scale = 5.0


def camera_lens(_made: Scene, _rng: random.Random) -> None:
    camera = bpy.context.scene.camera.data
    camera.dof.use_dof, camera.dof.aperture_fstop, camera.shift_x = True, 0.5, 0.1


def render_size(_made: Scene, _rng: random.Random) -> None:
    render = bpy.context.scene.render
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.resolution_percentage, render.pixel_aspect_x = 0.5, 37, 2.0


def render_extras(_made: Scene, _rng: random.Random) -> None:
    scene = bpy.context.scene
    render = scene.render
    render.use_stamp = render.use_motion_blur = render.use_multiview = render.film_transparent = True
    render.use_simplify = render.use_freestyle = render.use_persistent_data = True
    render.filepath = "/nowhere/####.jpg"
    render.image_settings.file_format = "JPEG"
    scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = True
    scene.cycles.time_limit = 0.001


def engine(_made: Scene, rng: random.Random) -> None:
    bpy.context.scene.render.engine = rng.choice((compat.eevee_engine(), "BLENDER_WORKBENCH"))


def compositor(_made: Scene, _rng: random.Random) -> None:
    add_compositor(bpy.context.scene)


def layers(_made: Scene, _rng: random.Random) -> None:
    scene = bpy.context.scene
    first = scene.view_layers[0]
    first.name = "V" * 60
    first.lightgroups.add(name="mine")
    first.use_pass_cryptomatte_object = first.use_pass_z = True
    scene.view_layers.new("Second").use = False


def scenes_more(_made: Scene, _rng: random.Random) -> None:
    other = bpy.data.scenes.new("Another")
    other.collection.objects.link(bpy.context.scene.camera)


def world_gone(_made: Scene, _rng: random.Random) -> None:
    bpy.context.scene.world = None


def kinds_of_objects(_made: Scene, _rng: random.Random) -> None:
    bpy.ops.object.text_add(location=(0.0, 2.0, 0.0))
    bpy.ops.object.armature_add(location=(2.0, 2.0, 0.0))
    bpy.ops.curve.primitive_bezier_circle_add(location=(-2.0, 2.0, 0.0))
    bpy.ops.object.metaball_add(location=(0.0, 3.0, 0.0))
    bpy.ops.object.speaker_add()
    bpy.ops.object.light_add(type="SUN")
    bpy.ops.object.camera_add()
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Nothing", bpy.data.meshes.new("Nothing")))


def odd_numbers(_made: Scene, _rng: random.Random) -> None:
    for number, place in enumerate(((float("nan"), 0, 0), (1e30, 0, 0))):
        bpy.ops.mesh.primitive_plane_add(size=0.1)
        bpy.context.object.location = place
        bpy.context.object.scale = (0.0, number, 1.0)


def hidden(_made: Scene, _rng: random.Random) -> None:
    scene = bpy.context.scene
    collection = bpy.data.collections.new("Hidden")
    scene.collection.children.link(collection)
    bpy.context.view_layer.layer_collection.children["Hidden"].exclude = True
    thing = bpy.data.objects.new("Excluded", bpy.data.meshes.new("Excluded"))
    collection.objects.link(thing)


def animated(_made: Scene, _rng: random.Random) -> None:
    """Others are keyframed and driven, by arithmetic and by what would be a script."""
    scene = bpy.context.scene
    for number, expression in enumerate(("frame / 10", "len(str(frame))")):
        thing = bpy.data.objects.new(f"Driven {number}", None)
        scene.collection.objects.link(thing)
        thing.driver_add("location", 0).driver.expression = expression
        thing.keyframe_insert("rotation_euler", frame=1)
    scene.frame_set(17)
    scene.timeline_markers.new("cut", frame=3).camera = scene.camera


def modified(made: Scene, _rng: random.Random) -> None:
    if made.ball.library is None and made.ball.override_library is None:
        made.ball.modifiers.new("Wire", "WIREFRAME").thickness = 0.3
        made.ball.modifiers.new("Array", "ARRAY").count = 2
        made.ball.vertex_groups.new(name="Group")


def particles(_made: Scene, _rng: random.Random) -> None:
    bpy.ops.mesh.primitive_plane_add(size=0.5, location=(0.0, 3.0, 0.0))
    settings = bpy.context.object.modifiers.new("Hair", "PARTICLE_SYSTEM").particle_system.settings
    settings.type, settings.count = "HAIR", 5


def files_missing(_made: Scene, _rng: random.Random) -> None:
    image = bpy.data.images.new("wood", 4, 4)
    image.source, image.filepath = "FILE", "//nowhere/wood.png"
    material = bpy.data.materials.new("Wooden")
    material.use_nodes = True
    material.node_tree.nodes.new("ShaderNodeTexImage").image = image
    bpy.ops.mesh.primitive_plane_add(size=0.5, location=(0.0, 3.0, 0.0))
    bpy.context.object.data.materials.append(material)


def custom_values(made: Scene, _rng: random.Random) -> None:
    scene = bpy.context.scene
    scene["text"], scene["list"], scene["deep"] = "ü", [1, 2, 3], {"a": {"b": [1.0, 2.0]}}
    scene["thing"] = scene.camera
    made.lamp.name = made.lamp.name
    scene["psi.of another.mean"] = 3.0


def editing(made: Scene, _rng: random.Random) -> None:
    """Saved while an object was being edited."""
    bpy.ops.mesh.primitive_cube_add(size=0.3, location=(0.0, 3.0, 0.0))
    bpy.ops.object.mode_set(mode="EDIT")


def light_kinds(_made: Scene, _rng: random.Random) -> None:
    scene = bpy.context.scene
    for kind in ("SUN", "SPOT", "POINT"):
        lamp = bpy.data.lights.new(kind, kind)
        lamp.energy = {"SUN": 0.5, "SPOT": 30.0, "POINT": 0.0}[kind]
        lamp.use_nodes = kind == "SPOT"
        scene.collection.objects.link(bpy.data.objects.new(kind, lamp))


TRAITS = (plain, plain, camera_kind, camera_lens, render_size, render_extras, engine, compositor, layers, scenes_more,
          world_gone, kinds_of_objects, odd_numbers, hidden, animated, modified, particles, files_missing,
          custom_values, editing, light_kinds)
