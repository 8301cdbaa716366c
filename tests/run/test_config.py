"""Settings: first source wins, bad values are one sentence, config.json comes back the same."""

import json
import shutil

import pytest

from autosimulate_addon.blender.marks.mark_file import read
from autosimulate_addon.protocol import InputError
from autosimulate_addon.run import config, examples
from autosimulate_addon.run.arguments import parse, settings
from autosimulate_addon.run.commands import build
from autosimulate_addon.run.commands.options import of_run
from autosimulate_addon.run.record.directory import RunDirectory


def test_flags_win_over_files_and_files_over_defaults():
    combined = config.combine(settings(parse(["--images", "8"])), {"images": 12, "width": 32}, {"height": 40})
    assert (combined.images, combined.width, combined.height, combined.iterations) == (8, 32, 40, 20)


def test_config_json_comes_back_and_newer_keys_are_ignored(tmp_path):
    original = config.RunConfig(seed=7, method="bo", control=False, epochs=3)
    config.save(original, tmp_path / "config.json", {"from_the_future": 1})
    assert config.load(tmp_path / "config.json") == original


@pytest.mark.parametrize("values, named", [
    ({"iterations": 0}, "--iterations"), ({"images": 1}, "--images"), ({"width": 4}, "--width"),
    ({"seed": -1}, "--seed"), ({"method": "magic"}, "--method"), ({"epochs": 2.5}, "--epochs"),
    ({"learning_rate": float("nan")}, "--learning-rate"), ({"network": "module"}, "--network-module"),
    ({"iterationz": 3}, "iterationz"), ({"ensemble_size": 0}, "--ensemble-size"), ({"replay": 0}, "--replay"),
])
def test_bad_values_name_the_flag(values, named):
    with pytest.raises(InputError, match=named):
        config.combine(values)


@pytest.mark.parametrize("argv", [["--method", "magic"], ["--itertions", "3"], ["--iterations", "many"], ["optimise"],
                                  ["optimize", "demo"]])
def test_wrong_flags_are_one_sentence(argv):
    with pytest.raises(InputError) as caught:
        parse(argv)
    assert "\n" not in str(caught.value)


def test_the_command_may_stand_after_flags_and_defaults_to_optimize():
    assert parse(["--scene", "a.blend"]).command == "optimize"
    assert parse(["--scene", "a.blend", "preview"]).command == "preview"
    options = parse(["build", "lmo", "--data", "lmo", "--start", "wide"])
    assert (options.command, options.what, options.data, options.start) == ("build", "lmo", "lmo", "wide")


def test_the_help_names_every_example_scene_with_its_starts(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "example scenes (demo, clevr, lmo, lmo-places, solids, dice)" in text
    assert "uniform (lmo-places); wide (solids, dice)" in text and set(build.BUILDERS) == set(examples.STARTS)
    assert "assets of clevr, lmo, lmo-places or solids" in text and "preview, generate, predict: write events" in text


def test_differences_only_name_what_was_said():
    run = config.RunConfig(seed=1, images=8)
    assert config.differences(settings(parse(["--seed", "2", "--images", "8"])), run) == ["seed"]


def test_a_setting_s_earlier_name_is_still_understood(tmp_path):
    given = settings(parse(["--networks", "2", "--no-match-brightness"]))
    assert (given["ensemble_size"], given["match"]) == (2, False)
    (tmp_path / "marks.toml").write_text("[settings]\nfresh_networks = 5\n")
    assert read(tmp_path / "marks.toml")[2] == {"judges": 5}
    config.save(config.RunConfig(), tmp_path / "config.json", {"fresh_networks": 5})
    stored = json.loads((tmp_path / "config.json").read_text())
    del stored["judges"]
    (tmp_path / "config.json").write_text(json.dumps(stored))
    assert config.load(tmp_path / "config.json").judges == 5


def test_a_run_that_psi_names_brings_its_learner(inputs, tmp_path):
    """evaluate judges with what the run has learned with, unless a flag says otherwise."""
    directory = RunDirectory(tmp_path)
    shutil.copy(inputs / "scene.blend", directory.scene)
    shutil.copy(inputs / "marks.toml", directory.marks)
    config.save(config.RunConfig(learner="head"), directory.config)
    given = ["evaluate", "--psi", str(tmp_path)]
    assert of_run(parse(given))[1].learner == "head"
    assert of_run(parse([*given, "--learner", "network"]))[1].learner == "network"
