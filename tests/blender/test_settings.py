"""Settings: one row is a flag, a key of a marks file, a field of the configuration and a property of the scene."""

from __future__ import annotations

import bpy
import pytest

from autosimulate_addon.blender.marks import mark_file, properties, settings
from autosimulate_addon.core import networks, search
from autosimulate_addon.protocol import InputError
from autosimulate_addon.protocol.settings import METHODS, NETWORKS, SETTINGS, Setting, by_name
from autosimulate_addon.run import arguments, config

TOY = Setting("grain", int, 3, "images", "how much grain the toy has", 1, 9, label="Grain", panel="advanced")
ROWS = (*SETTINGS, TOY)


@pytest.fixture
def untouched():
    properties.ensure_registered()
    scene = bpy.data.scenes.new("Untouched")
    yield scene.autosimulate
    bpy.data.scenes.remove(scene)


def test_a_scene_whose_settings_nobody_touched_asks_for_the_defaults(untouched):
    found = settings.read(untouched)
    assert set(found) == {setting.name for setting in SETTINGS if setting.label}
    defaults = {**{setting.name: setting.default for setting in SETTINGS}, "network_width": 8}
    for setting in SETTINGS:
        if setting.only and defaults[setting.only[0]] not in setting.only[1:]:
            defaults[setting.name] = None       # of another method than the default one
    assert {name: value or None for name, value in found.items()} == {
        name: defaults[name] or None for name in found}


def test_a_new_row_is_a_flag_a_field_and_a_property():
    assert arguments.parser(ROWS).parse_args(["--grain", "5"]).grain == 5
    made = config.config_class(ROWS)
    assert made().grain == 3 and made(grain=5).grain == 5
    with pytest.raises(InputError, match="--grain must be a whole number from 1 to 9"):
        made(grain=10)

    group = type("AUTOSIMULATE_PG_toy", (bpy.types.PropertyGroup,), {"__annotations__": settings.annotations(ROWS)})
    bpy.utils.register_class(group)
    bpy.types.Scene.autosimulate_toy = bpy.props.PointerProperty(type=group)
    try:
        toy = bpy.context.scene.autosimulate_toy
        toy.grain = 7
        assert settings.read(toy, ROWS)["grain"] == 7
    finally:
        del bpy.types.Scene.autosimulate_toy
        bpy.utils.unregister_class(group)


def test_a_new_row_is_a_key_of_a_marks_file(tmp_path, monkeypatch):
    path = tmp_path / "marks.toml"
    path.write_text("[settings]\ngrain = 5\n")
    with pytest.raises(InputError, match="unknown key 'grain'"):
        mark_file.read(path)
    monkeypatch.setattr(mark_file, "SETTINGS", ROWS)
    assert mark_file.read(path)[2] == {"grain": 5}


@pytest.mark.parametrize("setting", [row for row in SETTINGS if row.in_marks_file], ids=lambda row: row.name)
def test_a_marks_file_may_set_whatever_a_flag_can(setting, tmp_path):
    value = setting.default if setting.default is not None else setting.kind(setting.low)
    written = {bool: str(value).lower(), str: f'"{value}"'}.get(setting.kind, str(value))
    path = tmp_path / "marks.toml"
    path.write_text(f"[settings]\n{setting.name} = {written}\n")
    assert mark_file.read(path)[2] == {setting.name: value}
    path.write_text(f"[settings]\n{setting.name} = [1]\n")
    with pytest.raises(InputError, match=f"{setting.name} is \\[1\\]"):
        mark_file.read(path)


@pytest.mark.parametrize("choices, obeyed", [(METHODS, search.METHODS), (NETWORKS, networks.NETWORKS)])
def test_what_can_be_chosen_is_what_there_is(choices, obeyed):
    assert {choice.id for choice in choices} == set(obeyed)


def test_every_setting_says_what_it_is():
    for setting in by_name().values():
        assert setting.help and not setting.help.endswith("."), setting.name
        assert (setting.low is None) == (setting.kind in (bool, str)), setting.name
