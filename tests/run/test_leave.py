"""Every command ends after its last word, with its exit code, in both ways of starting."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import bpy
import pytest

from tests.run import scenes

#: Not arithmetic on variables alone, so Blender hands it to Python.
SCRIPTED = "len(str(frame))"


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """A scene in which Python would decide whether the box is seen and how the lamp shines."""
    path = scenes.build_scene(tmp_path_factory.mktemp("driven") / "scene.blend")
    for block, name in ((bpy.data.objects["Box"], "hide_render"), (bpy.data.lights["Lamp"], "specular_factor")):
        block.driver_add(name).driver.expression = SCRIPTED
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
    (path.parent / "marks.toml").write_text(scenes.MARKS)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return path


def start(repo_root, *arguments, temporary, before=()):
    command = [*before, *((str(repo_root / "headless/run.py"),) if not before else ()), *map(str, arguments)]
    return subprocess.Popen(command if before else [sys.executable, *command], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temporary)})


def finish(process, seconds=60):
    """(exit code, standard output, standard error)."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return process.returncode, out, err


def test_a_scripted_driver_does_not_keep_the_process_alive(repo_root, driven, tmp_path):
    code, out, err = finish(start(repo_root, "describe", "--json", "--scene", driven, temporary=tmp_path))
    assert code == 0, err
    assert json.loads(out)["scene"] == "Scene"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("blender_")]


def test_the_exit_code_of_bad_input_is_kept(repo_root, driven, tmp_path):
    code, out, err = finish(start(repo_root, "preview", "--scene", driven, "--output", tmp_path, temporary=tmp_path))
    assert (code, out) == (2, "") and err.count("Error: ") == 1


def test_the_last_line_comes_just_before_the_end(repo_root, driven, tmp_path):
    process = start(repo_root, "build", "demo", "--output", tmp_path / "demo.blend", temporary=tmp_path)
    try:
        assert "is written" in process.stderr.readlines()[-1]
        said = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - said < 1.0
    finally:
        process.kill()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_stopped_job_ends_with_130_and_leaves_no_render_behind(repo_root, driven, tmp_path):
    folder = driven.parent
    process = start(repo_root, "generate", "--scene", driven, "--marks", folder / "marks.toml", "--count", 5000,
                    "--output", tmp_path / "set", temporary=tmp_path)
    try:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "set").glob("images/*")) and time.monotonic() < deadline:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
        scratch = list(Path("/dev/shm").glob(f"autosimulate-{process.pid}-*"))      # others' belong to other tests
        process.send_signal(signal.SIGTERM)
        code, _, err = finish(process, 20)
    finally:
        process.kill()
    assert code == 130, err
    assert scratch and not any(folder.exists() for folder in scratch)


@pytest.mark.skipif(shutil.which("blender") is None, reason="no Blender program")
def test_the_program_ends_as_well(repo_root, driven, tmp_path):
    process = start(repo_root, temporary=tmp_path, before=(
        "blender", "-b", str(driven), "-P", str(repo_root / "headless/run.py"), "--", "describe", "--json"))
    code, out, err = finish(process)
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["scene"] == "Scene"
