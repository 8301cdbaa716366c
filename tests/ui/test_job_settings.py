"""What the window's settings come to on the command line of a job, and their presets."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from autosimulate_addon.blender.marks import mark_scene
from autosimulate_addon.protocol.settings import by_name
from autosimulate_addon.ui import panel_data
from autosimulate_addon.ui.jobs import launch

ops = bpy.ops.autosimulate


def test_arguments_are_understood_by_the_command_line(ready, tmp_path):
    from autosimulate_addon.run import arguments, config

    settings = ready.autosimulate
    for name in ("method", "approximation", "network", "device"):
        for item in settings.bl_rna.properties[name].enum_items:
            setattr(settings, name, item.identifier)
            if name == "network" and item.identifier == "MODULE":
                settings.network_module = str(tmp_path / "net.py")
            options = arguments.parse(launch.optimize_arguments(ready, tmp_path / "run"))
            config.combine({key: value for key, value in arguments.settings(options).items() if value is not None})
        settings.property_unset(name)


@pytest.mark.parametrize("name", ["ensemble_size", "replay"])
def test_numbers_are_named_only_where_the_user_chose_them(ready, tmp_path, name):
    flag = by_name()[name].flag
    assert flag not in launch.optimize_arguments(ready, tmp_path / "run")
    setattr(ready.autosimulate, name, 5)
    given = launch.optimize_arguments(ready, tmp_path / "run")
    assert given[given.index(flag) + 1] == "5"


def test_marks_of_a_broken_scene_do_not_break_the_panel(ready):
    ready.autosimulate.marks.add()                      # no name, no target: what a script may leave
    data = panel_data.refresh(ready)
    assert data.problem
    mark_scene.remove_mark(ready, "Light Power")


def test_presets_of_the_settings(ready, tmp_path, monkeypatch):
    monkeypatch.setattr(bpy.utils, "user_resource", lambda *_args, path="", **_more: str(_made_all(tmp_path / path)))
    ready.autosimulate.iterations = 77
    assert ops.preset_add(name="Long Run") == {"FINISHED"}
    preset = next(tmp_path.rglob("Long_Run.py"))
    assert "settings.iterations = 77" in preset.read_text()


def _made_all(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_match_photographs_asks_for_matching_alone(ready, tmp_path):
    from autosimulate_addon.run import arguments, config

    options = arguments.parse(launch.optimize_arguments(ready, tmp_path / "run", launch.MATCHING))
    asked = config.combine({key: value for key, value in arguments.settings(options).items() if value is not None})
    assert (asked.method, asked.iterations, asked.images) == ("match", 8, 40)
    assert not asked.control and not asked.compare
