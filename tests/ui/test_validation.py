"""The validation folder in the window: what renders of another shape leave of it."""

from __future__ import annotations

import bpy
import numpy as np
from PIL import Image

from autosimulate_addon.ui import validation
from tests.ui.test_marking import sentence

ops = bpy.ops.autosimulate


def test_renders_take_the_shape_of_the_photographs(ready, tmp_path):
    folder = tmp_path / "square"
    for part, pixels in (("images", np.full((60, 60, 3), 90, np.uint8)), ("masks", np.eye(60, dtype=np.uint8))):
        (folder / part).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / part / "a.png")
    group = ready.autosimulate
    group.validation, group.width, group.height = str(folder), 192, 160
    assert "Check the folder first" in sentence(ops.shape_from_validation)
    ops.check_validation()
    found = validation.found(str(folder), "auto")
    assert validation.cut(found, group.width, group.height) == (60, 50)
    ops.shape_from_validation()
    assert (group.width, group.height) == (176, 176)
    assert validation.cut(found, group.width, group.height) is None
