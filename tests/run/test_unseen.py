"""A mark whose draws change no pixel is named, once, before anything is learned; others are not."""

from dataclasses import replace

import bpy
import pytest

from autosimulate_addon.blender.marks import mark_file
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.optimization import unseen
from autosimulate_addon.run.scene.marked_scene import marked_scene, starting_psi
from tests.blender.rna_dump import differences, dump
from tests.run import scenes

ENTRY = "[[learnable]]\nname = \"{}\"\ndata = \"{}\"\npath = \"{}\"\nfamily = \"normal\"\nstd = {}\n"
CONFIG = RunConfig(width=96, height=64, samples=4, iterations=2, images=4)


@pytest.fixture
def marked(tmp_path):
    """Marks that act (place, exposure) beside one that cannot: a box out of view."""
    bpy.ops.wm.open_mainfile(filepath=str(scenes.build_scene(tmp_path / "scene.blend")))
    away = bpy.data.objects.new("Away", bpy.data.objects["Box"].data)
    away.location = (500.0, 500.0, -500.0)
    bpy.context.scene.collection.objects.link(away)
    bpy.context.view_layer.update()
    path = tmp_path / "marks.toml"
    path.write_text("".join((
        ENTRY.format("place", "objects['Box']", "location", "[0.1, 0.1, 0.1]"),
        ENTRY.format("away", "objects['Away']", "location", "[0.1, 0.1, 0.1]"),
        "[[learnable]]\nfilm = \"exposure\"\n", "[classes]\nbox = \"objects['Box']\"\n")), encoding="utf-8")
    assert len(mark_file.read(path)[0]) == 3
    return marked_scene(bpy.context.scene, path)


def test_only_what_changes_no_pixel_is_named_and_nothing_is_changed(marked):
    before = dump()
    found = unseen.notes(marked, CONFIG, starting_psi(marked, None), lambda: False)
    assert len(found) == 1 and "'away'" in found[0] and "4 pairs" in found[0]
    # (these two are no values of the scene, but what Blender makes when it first looks at a mesh or an image format)
    assert not [line for line in differences(before, dump())
                if "uv_layer_clone" not in line and "linear_colorspace_settings.name: ''" not in line]


def test_without_time_nothing_is_claimed(marked, monkeypatch):
    monkeypatch.setattr(unseen, "SECONDS", 0.0)
    config = replace(CONFIG, iterations=1, images=2)
    assert unseen.notes(marked, config, starting_psi(marked, None), lambda: False) == []
