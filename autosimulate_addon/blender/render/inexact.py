"""What of a scene cannot be in the images, or not as the user sees it: one sentence each, before any render."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import bpy
import numpy as np

from ...protocol import Factor
from .. import compat, paths
from ..marks.mark import Mark

#: Compositor nodes that pass the rendered image on as it is.
_PLAIN_NODES = frozenset({"R_LAYERS", "COMPOSITE", "VIEWER", "SPLITVIEWER", "OUTPUT_FILE", "GROUP_INPUT",
                          "GROUP_OUTPUT", "FRAME", "REROUTE"})


def notes(scene: bpy.types.Scene, marks: Sequence[Mark]) -> Iterator[str]:
    """Sentences about the compositor, the sequencer, and distributions that cannot draw what a property is now."""
    if scene.render.use_compositing and any(
            node.type not in _PLAIN_NODES and not node.mute for node in compat.compositor_nodes(scene)):
        yield ("The compositor is not used: what its nodes add to the picture (a background, colors, blur) is not in "
               "the images that are learned from.")
    if scene.render.use_sequencer and compat.sequencer_strips(scene):
        yield "The video sequencer is not used: the images are the camera's, not its strips."
    for mark in marks:
        if mark.family == "lognormal" and mark.kind == "PROPERTY":
            for ref in mark.targets:
                values = np.asarray(paths.get(ref), dtype=np.float64)
                if (values < 0.0).any():
                    yield (f"{ref} is {values.min():g} in the scene, but the log-normal distribution of {mark.name!r} "
                           f"draws positive values only: choose the normal family to keep it negative.")


def negative_light(scene: bpy.types.Scene, marks: Sequence[Mark], factors: Sequence[Factor]) -> str:
    """The first light that takes light away, or may be drawn so; "" where there is none.

    Such a light cannot be split off: an image of it alone would be below black.
    """
    drawn = {(ref.collection, ref.name, ref.library) for mark in marks if mark.kind == "PROPERTY"
             for ref in mark.targets if ref.path == "energy"}
    for block in scene.objects:
        if block.type == "LIGHT" and block.data.energy < 0.0 and not block.hide_render:
            ref = paths.ref_to(block.data)
            if (ref.collection, ref.name, ref.library) not in drawn:
                return str(ref)
    for mark, factor in zip(marks, factors, strict=True):
        if factor.continuous and mark.kind == "PROPERTY" and (np.asarray(factor.start["mean"]) < 0.0).any():
            for ref in mark.targets:
                if ref.collection == "lights" and ref.path == "energy":
                    return str(paths.ref_to(paths.data_block(ref)))
    return ""
