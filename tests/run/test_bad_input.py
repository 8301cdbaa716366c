"""Whatever is wrong with the input: one sentence, exit code 2, nothing changed, nothing rendered."""

import errno
import json
import os
import shutil

import bpy
import numpy as np
import pytest
import torch
from PIL import Image

from autosimulate_addon.blender.marks import mark_scene, properties, psi_properties
from autosimulate_addon.blender.render import session
from autosimulate_addon.protocol import InputError
from autosimulate_addon.run import cli
from autosimulate_addon.run.optimization import checked_run
from autosimulate_addon.run.process import requirements
from autosimulate_addon.run.record import directory
from autosimulate_addon.run.scene import scene_file


@pytest.fixture
def work(inputs, tmp_path, monkeypatch):
    """A private copy of the inputs, an output path, and a session that must not render."""
    shutil.copytree(inputs, tmp_path / "in")
    monkeypatch.chdir(tmp_path)

    def forbidden(*_args, **_kwargs):
        raise AssertionError("something was rendered")

    monkeypatch.setattr(session.RenderSession, "render", forbidden)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    properties.ensure_registered()
    return tmp_path


def arguments(work, *extra, **replaced):
    """The flags of a good run into ``out``, with some replaced (None: left out)."""
    flags = {"--scene": work / "in/scene.blend", "--marks": work / "in/marks.toml",
             "--validation": work / "in/validation", "--output": work / "out", "--device": "cpu"}
    flags |= {"--" + name.replace("_", "-"): value for name, value in replaced.items()}
    return [str(part) for flag, value in flags.items() if value is not None for part in (flag, value)] + list(extra)


def files(folder):
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def refused(work, capfd, argv):
    """Runs ``argv``; the one sentence it was refused with."""
    before = files(work)
    capfd.readouterr()
    code = cli.main([str(part) for part in argv])
    out, err = capfd.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert code == 2, err
    assert out == ""
    assert len(lines) == 1 and "Traceback" not in err, err
    assert lines[0].rstrip().endswith((".", ")")), lines[0]
    assert files(work) == before
    return lines[0]


def edit_scene(work, change):
    """Opens the scene, changes it, saves it."""
    path = str(work / "in/scene.blend")
    bpy.ops.wm.open_mainfile(filepath=path)
    change(bpy.context.scene)
    bpy.ops.wm.save_as_mainfile(filepath=path, check_existing=False)
    (work / "in/scene.blend1").unlink(missing_ok=True)


def edit_marks(work, old, new):
    path = work / "in/marks.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_package_of_the_method_is_missing(work, capfd, monkeypatch, by_flag):
    there = requirements._installed
    monkeypatch.setattr(requirements, "_installed", lambda module: module != "scipy" and there(module))
    if not by_flag:
        edit_marks(work, "[settings]", '[settings]\nmethod = "bo"')
    said = refused(work, capfd, arguments(work, *(["--method", "bo"] if by_flag else [])))
    assert "scipy is not installed" in said and "install --target DIR scipy" in said


# -- the scene --------------------------------------------------------------------------------------------------------


def test_no_camera(work, capfd):
    edit_scene(work, lambda scene: bpy.data.objects.remove(scene.camera))
    assert "no camera" in refused(work, capfd, arguments(work))


def test_nothing_learnable(work, capfd):
    assert "learnable" in refused(work, capfd, arguments(work, marks=None))


def test_no_classes(work, capfd):
    text = (work / "in/marks.toml").read_text()
    (work / "in/marks.toml").write_text(text[:text.index("[classes]")])
    assert "classes" in refused(work, capfd, arguments(work))


def test_missing_scene(work, capfd):
    assert "nowhere.blend" in refused(work, capfd, arguments(work, scene=work / "nowhere.blend"))


def test_scene_is_a_folder(work, capfd):
    assert "folder" in refused(work, capfd, arguments(work, scene=work / "in"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_scene_is_a_pipe(work, capfd):
    os.mkfifo(work / "pipe.blend")
    try:
        with pytest.raises(InputError, match="not a file"):
            scene_file.check_blend(work / "pipe.blend")
    finally:
        (work / "pipe.blend").unlink()


def test_not_a_blend(work, capfd):
    assert "not a .blend" in refused(work, capfd, arguments(work, scene=work / "in/marks.toml"))


def test_damaged_blend(work, capfd):
    path = work / "in/scene.blend"
    path.write_bytes(path.read_bytes()[:200])
    assert "scene.blend" in refused(work, capfd, arguments(work))


def test_mark_of_a_deleted_object(work, capfd):
    def change(scene):
        from autosimulate_addon.blender.marks import mark_file
        marks, classes, _ = mark_file.read(work / "in/marks.toml")
        mark_scene.write(scene, marks, classes)
        for name in ("Box", "Ball"):
            bpy.data.objects.remove(bpy.data.objects[name])

    edit_scene(work, change)
    assert "place" in refused(work, capfd, arguments(work, marks=None))


def test_linked_data_is_locked(work, capfd):
    shutil.copy(work / "in/scene.blend", work / "in/library.blend")

    def change(scene):
        bpy.data.objects.remove(bpy.data.objects["Ball"])
        with bpy.data.libraries.load(str(work / "in/library.blend"), link=True) as (_, wanted):
            wanted.objects = ["Ball"]
        scene.collection.objects.link(wanted.objects[0])

    edit_scene(work, change)
    edit_marks(work, "\"objects['Ball']\", ", "\"objects['Ball', '//library.blend']\", ")
    assert "library" in refused(work, capfd, arguments(work))


def test_nan_in_the_scenes_psi(work, capfd):
    def change(scene):
        lamp = bpy.data.lights["Lamp"]
        lamp["psi.energy.mean"], lamp["psi.energy.std"] = float("nan"), 1.0

    edit_scene(work, change)
    assert "psi.energy.mean" in refused(work, capfd, arguments(work))


# -- the marks file ---------------------------------------------------------------------------------------------------


def test_missing_marks_file(work, capfd):
    assert "none.toml" in refused(work, capfd, arguments(work, marks=work / "none.toml"))


def test_malformed_toml(work, capfd):
    (work / "in/marks.toml").write_text("[[learnable]\n")
    assert "TOML" in refused(work, capfd, arguments(work))


def test_path_that_no_longer_exists(work, capfd):
    edit_marks(work, 'path = "energy"', 'path = "enrgy"')
    assert "enrgy" in refused(work, capfd, arguments(work))


def test_unknown_data_block(work, capfd):
    edit_marks(work, "lights['Lamp']", "lights['Sun']")
    assert "Sun" in refused(work, capfd, arguments(work))


def test_low_above_high(work, capfd):
    edit_marks(work, "low = 1.0\nhigh = 2000.0", "low = 3000.0\nhigh = 2000.0")
    assert "learnable 1" in refused(work, capfd, arguments(work))


def test_everything_is_locked(work, capfd):
    path = work / "in/marks.toml"
    path.write_text(path.read_text().replace("[[learnable]]", "[[learnable]]\nlocked = true"))
    assert "locked" in refused(work, capfd, arguments(work))


def test_code_for_a_path(work, capfd):
    edit_marks(work, 'path = "energy"', "path = \"energy or __import__('os')\"")
    refused(work, capfd, arguments(work))


# -- the validation images --------------------------------------------------------------------------------------------


def test_no_validation(work, capfd):
    assert "--validation" in refused(work, capfd, arguments(work, validation=None))


def test_empty_folder(work, capfd):
    (work / "empty").mkdir()
    assert "empty" in refused(work, capfd, arguments(work, validation=work / "empty"))


def test_missing_folder(work, capfd):
    assert "does not exist" in refused(work, capfd, arguments(work, validation=work / "nowhere"))


def test_missing_masks(work, capfd):
    (work / "in/validation/masks/1.png").unlink()
    assert "no mask" in refused(work, capfd, arguments(work))


def test_masks_with_unknown_ids(work, capfd):
    Image.fromarray(np.full((12, 16), 77, dtype=np.uint8)).save(work / "in/validation/masks/1.png")
    assert "77" in refused(work, capfd, arguments(work))


def test_unreadable_image(work, capfd):
    (work / "in/validation/images/2.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert "2.png" in refused(work, capfd, arguments(work))


def test_mask_of_another_size(work, capfd):
    Image.fromarray(np.zeros((6, 8), dtype=np.uint8)).save(work / "in/validation/masks/0.png")
    assert "size" in refused(work, capfd, arguments(work))


def test_several_problems_in_one_message(work, capfd):
    (work / "in/validation/masks/1.png").unlink()
    (work / "in/validation/images/2.png").write_bytes(b"rubbish")
    said = refused(work, capfd, arguments(work))
    assert "1.png" in said and "2.png" in said


# -- psi --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [float("nan"), "NaN", -5.0, None, 10**400])
def test_nan_in_psi_json(work, capfd, number):
    (work / "psi.json").write_text(json.dumps({"format": "autosimulate-psi", "version": 1, "factors": [
        {"key": "power", "final": {"mean": [number], "std": [1.0]}}]}))
    assert "power" in refused(work, capfd, arguments(work, psi=work / "psi.json"))


def test_psi_of_another_scene(work, capfd):
    (work / "psi.json").write_text(json.dumps({"format": "autosimulate-psi", "version": 1, "factors": [
        {"key": "gravity", "final": {"mean": [1.0], "std": [1.0]}}]}))
    assert "gravity" in refused(work, capfd, arguments(work, psi=work / "psi.json"))


# -- flags ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra, named", [
    (("--method", "magic"), "--method"), (("--iterations", "0"), "--iterations"), (("--images", "x"), "--images"),
    (("--width", "0"), "--width"), (("--itertions", "3"), "--itertions"), (("--approximation", "cubic"), "cubic"),
    (("--network", "module"), "--network-module"), (("--site-packages", "/nowhere"), "/nowhere"),
    (("--test", "~nosuch/photos"), "no user 'nosuch'"),
])
def test_wrong_flags(work, capfd, extra, named):
    assert named in refused(work, capfd, arguments(work, *extra))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_no_cuda(work, capfd):
    assert "cuda" in refused(work, capfd, arguments(work, device="cuda"))


def test_missing_network_module(work, capfd):
    said = refused(work, capfd, arguments(work, network="module", network_module=work / "net.py"))
    assert "net.py" in said


@pytest.mark.parametrize(("built", "word"), [
    ("Conv2d(1, n, 1)", "fails on an image"), ("Conv2d(3, n + 1, 1)", "makes (1, 4,"),
    ("Conv2d(3, n, 3)", "makes (1, 3,"), ("LSTM(3, n)", "fails on an image")])
def test_a_network_of_ones_own_of_another_shape(work, capfd, built, word):
    (work / "in/net.py").write_text(f"import torch\ndef build(n):\n    return torch.nn.{built}\n")
    assert word in refused(work, capfd, arguments(work, network="module", network_module=work / "in/net.py"))


@pytest.mark.parametrize("command", ["generate", "evaluate"])
def test_commands_without_what_they_need(work, capfd, command):
    given = [command, "--scene", work / "in/scene.blend", "--marks", work / "in/marks.toml"]
    assert "--" in refused(work, capfd, given)


# -- where to write ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="no /proc here")
def test_read_only_output(work, capfd):
    assert "/proc/run" in refused(work, capfd, arguments(work, output="/proc/run"))


def test_output_below_a_file(work, capfd):
    assert "is a file" in refused(work, capfd, arguments(work, output=work / "in/marks.toml/run"))


def test_output_holds_a_run(work, capfd):
    (work / "out").mkdir()
    (work / "out/config.json").write_text("{}")
    assert "--resume" in refused(work, capfd, arguments(work))


def test_not_enough_space(work, capfd, monkeypatch):
    monkeypatch.setattr(directory.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    assert "MB free" in refused(work, capfd, arguments(work))


def test_disk_full_while_writing(work, capfd, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device", "config.json")

    monkeypatch.setattr(directory.os, "replace", full)
    code = cli.main(arguments(work))
    err = capfd.readouterr().err
    assert code == 2 and "disk is full" in err and "Traceback" not in err


def test_resume_of_nothing(work, capfd):
    assert "no run to resume" in refused(work, capfd, ["--resume", work / "nowhere"])
    assert "no run to resume" in refused(work, capfd, ["--resume", work / "in"])


def test_resume_of_a_damaged_run(work, capfd):
    (work / "run").mkdir()
    for text in ('{"format": "autosimulate-run", "iter', "[" * 100_000, '{"images": ' + "9" * 5000 + "}"):
        (work / "run/config.json").write_text(text)
        assert "not valid JSON" in refused(work, capfd, ["--resume", work / "run"])


def test_marks_without_a_scene(work, capfd):
    assert "--scene" in refused(work, capfd, arguments(work, scene=None))


def test_a_copy_that_cannot_be_used_is_taken_away_again(work, capfd, monkeypatch):
    def unlike(_directory):
        raise InputError("The copy is not what was checked.")

    monkeypatch.setattr(checked_run, "_copy", unlike)
    assert "not what was checked" in refused(work, capfd, arguments(work))


def test_the_unexpected_is_a_sentence_and_a_log(work, capfd, monkeypatch):
    monkeypatch.setattr(psi_properties, "read", lambda *_: 1 / 0)
    code = cli.main(arguments(work))
    err = capfd.readouterr().err
    assert code == 1 and "ZeroDivisionError" in err and "Traceback" not in err
    log = err.split("details in ")[1].split(")")[0]
    with open(log) as file:
        assert "Traceback" in file.read()
