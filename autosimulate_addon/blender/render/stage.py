"""The stage: a copy of the scene that is rendered in its place, with settings that suit the network's image.

It shares all objects, collections and the world with the scene, so it shows what is drawn there; render settings, view
layers and passes are its own. The user's scene keeps its settings, some of which could not be put back exactly (an
image format's colour space, once changed, is never empty again).
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ...protocol import InputError
from .. import compat

ENGINES = ("CYCLES", "EEVEE")
#: The pass of each of the extras that is one.
EXTRA_PASSES = {"depth": "use_pass_z", "keypoints": "use_pass_z", "normal": "use_pass_normal"}
#: Leaves room for the pass and the component in a channel's name.
_LONGEST_NAME = 32


@dataclass(frozen=True)
class RenderSettings:
    """How images are rendered: their size in pixels, the engine and what it spends on them.

    ``samples`` None keeps the scene's own; a mark on it wins. ``relight`` splits the image by light source where the
    marks allow (Cycles only, and then without denoising, which is not linear). ``engine`` is one of ENGINES.
    """

    width: int
    height: int
    samples: int | None = None
    relight: bool = True
    engine: str = "CYCLES"
    extras: tuple[str, ...] = ()        # "depth", "normal", "pose", "amodal", "keypoints": see ``protocol.Render``


def check(scene: bpy.types.Scene, settings: RenderSettings) -> None:
    """Raises InputError when this scene cannot be rendered at this size with this engine."""
    check_camera(scene)
    width, height = settings.width, settings.height
    if not (4 <= width <= 65536 and 4 <= height <= 65536):
        raise InputError(f"Images of {width} x {height} pixels cannot be rendered: give a width and a height of at "
                         "least 4.")
    if settings.engine not in ENGINES:
        raise InputError(f"{settings.engine!r} is no render engine for this: use CYCLES or EEVEE.")
    if settings.engine == "CYCLES" and not compat.has_cycles(scene):
        raise InputError("The Cycles render engine is not enabled: enable the add-on 'Cycles Render Engine'.")
    rendered_view_layer(scene)
    if {"pose", "amodal"} & set(settings.extras) and scene.camera.data.type != "PERSP":
        raise InputError(f"The camera {scene.camera.name!r} is not a perspective one, and only these have intrinsics: "
                         "change its type, or leave the format bop and the pass amodal out.")
    if "keypoints" in settings.extras and scene.camera.data.type == "PANO":
        raise InputError(f"The camera {scene.camera.name!r} is a panoramic one, in whose images keypoints are not "
                         "found: change its type, or remove what is below Keypoints.")


def check_camera(scene: bpy.types.Scene) -> None:
    """Raises InputError when the scene has no active camera to render with."""
    if scene.camera is None:
        raise InputError(f"The scene {scene.name!r} has no camera: add one and make it the active camera.")
    if scene.camera.type != "CAMERA":
        raise InputError(f"The active camera {scene.camera.name!r} of the scene is not a camera object: choose one.")


def rendered_view_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    """The first view layer that the user renders; the image and the labels come from it."""
    for layer in scene.view_layers:
        if layer.use:
            return layer
    raise InputError(f"No view layer of the scene {scene.name!r} is used for rendering: switch one on.")


def make(scene: bpy.types.Scene, settings: RenderSettings, *, material_index: bool, position: bool, path: str
         ) -> bpy.types.Scene:
    """A new scene that renders into the file ``path``. To be removed with ``remove``.

    ``material_index`` and ``position`` ask for these passes beside the image and the object indices.
    As the user has it: sampling, bounces, depth of field, film (transparent or not), simplify, threads, device.
    Off: the compositor and the sequencer (the network sees the camera's image), stamps, borders and crops, Freestyle,
    stereo, time limits (the same key must give the same image), and motion blur (a drawn scene has no before and
    after; labels of a blurred edge are undefined).
    """
    engine, samples = settings.engine, settings.samples
    stage = scene.copy()
    try:
        render = stage.render
        for name, value in {
            "engine": compat.eevee_engine() if engine == "EEVEE" else "CYCLES",
            "resolution_x": settings.width, "resolution_y": settings.height,
            "resolution_percentage": 100,
            "use_border": False, "use_crop_to_border": False, "use_multiview": False, "use_motion_blur": False,
            "use_compositing": False, "use_sequencer": False, "use_stamp": False, "use_freestyle": False,
            "use_overwrite": True, "use_placeholder": False, "use_file_extension": False, "filepath": path,
        }.items():
            setattr(render, name, value)
        for name, value in compat.multilayer_exr_settings().items():
            setattr(render.image_settings, name, value)
        kinds = ("object", "material") if material_index else ("object",)
        wanted = {"use_pass_combined", *(f"use_pass_cryptomatte_{kind}" if engine == "EEVEE" else
                                         f"use_pass_{kind}_index" for kind in kinds)}
        wanted |= {"use_pass_position"} if position else set()
        _set_layers(stage, wanted | {EXTRA_PASSES[name] for name in settings.extras if name in EXTRA_PASSES})
        if engine == "CYCLES":
            _set_cycles(stage, samples, settings.relight)
        elif samples is not None:
            stage.eevee.taa_render_samples = samples
    except BaseException:
        remove(stage)
        raise
    return stage


def remove(stage: bpy.types.Scene) -> None:
    """Takes the copy out of the file; what it shares with the scene stays.

    (4.2 goes on counting one user too many of what lies in the scene's master collection, as after any
    ``Scene.copy``, until the file is loaded again.)
    """
    bpy.data.scenes.remove(stage)


def _set_layers(stage: bpy.types.Scene, passes: set[str]) -> None:
    rendered = rendered_view_layer(stage)
    for layer in stage.view_layers:
        layer.use = layer == rendered
    for prop in rendered.bl_rna.properties:     # every pass that is not read would only cost time and memory
        if prop.identifier.startswith("use_pass_") and not rendered.is_property_readonly(prop.identifier):
            setattr(rendered, prop.identifier, prop.identifier in passes)
    for name in [group.name for group in rendered.lightgroups]:
        compat.remove_light_group(stage, rendered, name)
    rendered.pass_cryptomatte_depth = 2
    rendered.samples = 0            # an override for this layer; a mark on cycles.samples must be heard
    # 4.x cuts channel names ("<layer>.Combined_<group>.R") at 63 bytes: long layer names would take them all.
    if len(rendered.name.encode()) > _LONGEST_NAME:
        rendered.name = "autosimulate"


def _set_cycles(stage: bpy.types.Scene, samples: int | None, relight: bool) -> None:
    cycles = stage.cycles
    cycles.use_animated_seed, cycles.time_limit, cycles.sample_offset = False, 0.0, 0
    if hasattr(cycles, "use_sample_subset"):
        cycles.use_sample_subset = False
    if relight or not compat.has_denoiser():
        cycles.use_denoising = False    # a denoised image is not the sum of its denoised lights
    if samples is not None:
        cycles.samples = samples
    # A new Cycles session for every image, so that none depends on those before it. Persistent data overlook a change
    # of nothing but the seed (4.2 to 5.2), and after a render with more samples keep its sampling pattern (4.5, 5.2).
    # They would gain 5 to 15 % of a small image's time, no more in a scene of 500,000 triangles, and did not slow down
    # over 300 renders (benchmark.py overhead --persistent).
    stage.render.use_persistent_data = False


def empty_scene() -> bpy.types.Scene:
    """A scene with nothing in it, to call the render operator from.

    Operators called from Python evaluate the context's view layer first and last. From the user's scene that would be
    a whole evaluation of the draw for the viewport, beside that for the render.
    """
    return bpy.data.scenes.new("autosimulate")
