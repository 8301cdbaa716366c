"""How the scene renders during a session: the network's image from one view layer, and nothing else in the way."""

from __future__ import annotations

import bpy

from ..protocol import InputError
from . import compat
from .snapshot import Restorer

ENGINES = ("CYCLES", "EEVEE")


def check(scene: bpy.types.Scene, width: int, height: int, engine: str | None) -> None:
    """Raises InputError when this scene cannot be rendered at this size with this engine."""
    if scene.camera is None:
        raise InputError(f"The scene {scene.name!r} has no camera: add one and make it the active camera.")
    if scene.camera.type != "CAMERA":
        raise InputError(f"The active camera {scene.camera.name!r} is not a camera object: choose one.")
    if not (4 <= width <= 65536 and 4 <= height <= 65536):
        raise InputError(f"Images of {width} x {height} pixels cannot be rendered: give a width and a height of at "
                         "least 4.")
    if engine not in (None, *ENGINES):
        raise InputError(f"{engine!r} is no render engine for this: use CYCLES or EEVEE.")
    if engine != "EEVEE" and not compat.has_cycles(scene):
        raise InputError("The Cycles render engine is not enabled: enable the add-on 'Cycles Render Engine'.")
    rendered_view_layer(scene)


def rendered_view_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    """The first view layer that the user renders; the image and the labels come from it."""
    for layer in scene.view_layers:
        if layer.use:
            return layer
    raise InputError(f"No view layer of the scene {scene.name!r} is used for rendering: switch one on.")


def apply(restorer: Restorer, scene: bpy.types.Scene, layer: bpy.types.ViewLayer, *, width: int, height: int,
          samples: int | None, engine: str, relight: bool, material_index: bool, path: str) -> None:
    """Sets everything for the session through ``restorer``.

    Left as the user has it: sampling, bounces, depth of field, film (transparent or not), simplify, threads, device.
    Off: the compositor and the sequencer (the network sees the camera's image), stamps, borders and crops, Freestyle,
    stereo, time limits (the same key must give the same image), and motion blur (a drawn scene has no before and
    after; labels of a blurred edge are undefined).
    """
    render = scene.render
    for name, value in {
        "engine": compat.eevee_engine() if engine == "EEVEE" else "CYCLES",
        "resolution_x": width, "resolution_y": height, "resolution_percentage": 100,
        "use_border": False, "use_crop_to_border": False, "use_multiview": False, "use_motion_blur": False,
        "use_compositing": False, "use_sequencer": False, "use_stamp": False, "use_freestyle": False,
        "use_overwrite": True, "use_placeholder": False, "use_file_extension": False, "filepath": path,
    }.items():
        restorer.set(render, name, value)
    restorer.remember(render.image_settings)
    for name, value in compat.multilayer_exr_settings().items():
        setattr(render.image_settings, name, value)
    for other in scene.view_layers:
        restorer.set(other, "use", other == layer)
    _shorten(restorer, layer)
    _apply_passes(restorer, layer, material_index)
    if engine == "CYCLES":
        _apply_cycles(restorer, scene, samples, relight)
    elif samples is not None:
        restorer.set(scene.eevee, "taa_render_samples", samples)


def _apply_passes(restorer: Restorer, layer: bpy.types.ViewLayer, material_index: bool) -> None:
    for prop in layer.bl_rna.properties:    # every pass that is not read would only cost time and memory
        if prop.identifier.startswith("use_pass_") and not layer.is_property_readonly(prop.identifier):
            restorer.set(layer, prop.identifier, prop.identifier in _PASSES or
                         (material_index and prop.identifier == "use_pass_material_index"))
    restorer.set(layer, "samples", 0)       # an override for this layer; a mark on cycles.samples must be heard


#: Leaves room for the pass and the component in 63 bytes.
_LONGEST_NAME = 32
_PASSES = ("use_pass_combined", "use_pass_object_index")


def _apply_cycles(restorer: Restorer, scene: bpy.types.Scene, samples: int | None, relight: bool) -> None:
    cycles = scene.cycles
    changes = {"use_animated_seed": False, "time_limit": 0.0, "sample_offset": 0}
    if hasattr(cycles, "use_sample_subset"):
        changes["use_sample_subset"] = False
    if relight or not compat.has_denoiser():
        changes["use_denoising"] = False    # a denoised image is not the sum of its denoised lights
    if samples is not None:
        changes["samples"] = samples
    for name, value in changes.items():
        restorer.set(cycles, name, value)
    restorer.keep(cycles, "seed")           # each render sets its own
    # A new Cycles session for every image, so that none depends on those before it. Persistent data overlook a change
    # of nothing but the seed (4.2 to 5.2), and after a render with more samples keep its sampling pattern (4.5, 5.2).
    # They would gain 5 to 15 % of a small image's time, no more in a scene of 500,000 triangles, and did not slow down
    # over 300 renders (headless/benchmarks/overhead.py --persistent).
    restorer.set(scene.render, "use_persistent_data", False)


def _shorten(restorer: Restorer, layer: bpy.types.ViewLayer) -> None:
    """4.x cuts channel names ("<layer>.Combined_<group>.R") at 64 characters: long layer names would take them all."""
    if len(layer.name.encode()) > _LONGEST_NAME:
        restorer.set(layer, "name", "autosimulate")
