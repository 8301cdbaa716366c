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
                 if block is not None and block.type == "CAMERA" and block.data.dof.use_dof}.values())


@contextmanager
def sharp(stage: bpy.types.Scene, cameras: Sequence[bpy.types.Camera]) -> Iterator[None]:
    """Depth of field is off for these cameras, and Cycles takes the one sample that the label passes are made of."""
    cycles = stage.cycles if stage.render.engine == "CYCLES" else None
    before = (cycles.samples, cycles.use_denoising) if cycles is not None else None
    try:
        for camera in cameras:
            camera.dof.use_dof = False
        if cycles is not None:
            cycles.samples, cycles.use_denoising = 1, False
        yield
    finally:
        for camera in cameras:
            camera.dof.use_dof = True
        if cycles is not None:
            cycles.samples, cycles.use_denoising = before
