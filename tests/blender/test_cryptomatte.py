"""EEVEE's labels. The decoding runs on Cycles' own Cryptomatte, which every machine can render."""

import bpy
import numpy as np

from autosimulate_addon.blender import compat
from autosimulate_addon.blender.render import cryptomatte, exr
from autosimulate_addon.blender.render.quiet import quiet
from tests.blender import projection, scenes
from tests.blender.checks import SIZE


def test_names_become_numbers_where_they_cover_most(tmp_path):
    scene = scenes.start(samples=64)
    scenes.sphere("Ball", (0.8, 0, 0.2), 1.2)
    scenes.sphere("Other", (-1.6, 1, 0), 1.0)
    layer = scene.view_layers[0]
    layer.use_pass_cryptomatte_object, layer.pass_cryptomatte_depth = True, 2
    render = scene.render
    render.resolution_x, render.resolution_y = SIZE
    for name, value in compat.multilayer_exr_settings().items():
        setattr(render.image_settings, name, value)
    render.filepath, render.use_file_extension = str(tmp_path / "crypto.exr"), False
    with quiet():
        bpy.ops.render.render(write_still=True)
    image = exr.read(tmp_path / "crypto.exr")
    found = cryptomatte.decode(image, "CryptoObject", {"Ball": 7, "Other": 9, "Absent": 3})
    shapes = [(7, "sphere", (0.8, 0, 0.2), 1.2), (9, "sphere", (-1.6, 1, 0), 1.0)]
    expected, sure = projection.certain(shapes, scene.camera, *SIZE)
    np.testing.assert_array_equal(found[sure], expected[sure])
    assert (found != expected).mean() < 0.01        # edges too: the larger share wins
    assert not cryptomatte.decode(image, "CryptoObject", {"Ball": 7})[expected == 9].any()
    assert cryptomatte.decode(image, "CryptoMaterial", {}) is None
