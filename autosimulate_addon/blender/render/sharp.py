"""Without depth of field: what the labels are read from.

A label pass holds what the first sample of each pixel hit. Through an open lens that sample starts anywhere on the
aperture, so that masks would be speckled out to the edge of the blur, where the pixel shows mostly something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import bpy


def blurred_cameras(stage: bpy.types.Scene) -> list[bpy.types.Camera]:
    """Data of the cameras that the stage may be seen through (markers switch them) and that have depth of field."""
    seen = [stage.camera, *(marker.camera for marker in stage.timeline_markers)]
    return list({block.data.name_full: block.data for block in seen
                 if block is not None and block.type == "CAMERA" and (block.data.dof.use_dof or _drivers(block.data))
                 }.values())


def _drivers(camera: bpy.types.Camera) -> list[bpy.types.FCurve]:
    """What switches depth of field while the scene is evaluated, whatever the property says."""
    animation = camera.animation_data
    return [curve for curve in animation.drivers if curve.data_path == "dof.use_dof" and not curve.mute] if animation \
        else []


@contextmanager
def sharp(stage: bpy.types.Scene, cameras: Sequence[bpy.types.Camera]) -> Iterator[None]:
    """Depth of field is off for these cameras, and Cycles takes the one sample that the label passes are made of."""
    cycles = stage.cycles if stage.render.engine == "CYCLES" else None
    before = (cycles.samples, cycles.use_denoising) if cycles is not None else None
    used = [camera.dof.use_dof for camera in cameras]
    drivers = [curve for camera in cameras for curve in _drivers(camera)]
    try:
        for curve in drivers:
            curve.mute = True
        for camera in cameras:
            camera.dof.use_dof = False
        if cycles is not None:
            cycles.samples, cycles.use_denoising = 1, False
        yield
    finally:
        for camera, value in zip(cameras, used, strict=True):
            camera.dof.use_dof = value
        for curve in drivers:
            curve.mute = False
        if cycles is not None:
            cycles.samples, cycles.use_denoising = before
