"""A process that packs textures, fonts, sounds and libraries into a copy of a scene, for machines without them."""

from __future__ import annotations

import os

import bpy

from ...protocol import InputError
from ..process.streams import say
from ..scene import scene_file


def pack(path: str) -> int:
    """The exit code; what stands in the way is the last line on standard error, as of every command."""
    try:
        scene_file.open_scene(path)
        bpy.ops.file.pack_libraries()
        bpy.ops.file.pack_all()
        left = sorted({name for name in bpy.utils.blend_paths(absolute=True, packed=False) if os.path.exists(name)})
        if left:
            raise InputError(f"'{left[0]}' cannot be packed into the scene, which --cluster needs (movies, image "
                             "sequences, caches and what a linked library uses cannot, as long as they are files of "
                             "their own): replace it, or render without --cluster.")
        bpy.ops.wm.save_mainfile(compress=True)
    except (InputError, RuntimeError) as error:
        say(f"Error: {error}")
        return InputError.exit_code
    return 0
