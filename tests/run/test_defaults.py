"""One set of defaults: what the window's panels begin with is what a run takes when nothing is said."""

import dataclasses
import inspect

import bpy

from autosimulate_addon.blender.marks import properties
from autosimulate_addon.core.networks.unet import UNet
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.scene.marked_scene import scene_settings


def test_a_scene_whose_settings_nobody_touched_asks_for_the_defaults():
    properties.ensure_registered()
    scene = bpy.data.scenes.new("Untouched")
    try:
        found = scene_settings(scene)
    finally:
        bpy.data.scenes.remove(scene)
    expected = {field.name: field.default for field in dataclasses.fields(RunConfig)}
    expected["network_width"] = inspect.signature(UNet).parameters["width"].default
    shared = set(properties.AUTOSIMULATE_PG_scene.__annotations__) & set(expected)
    assert shared <= set(found), "a panel's setting is lost"
    assert {name: value or None for name, value in found.items()} == {
        name: expected[name] or None for name in found}
