"""Files of a run survive kills; what cannot be written to is said beforehand."""

import errno
import json
import os

import numpy as np
import pytest

from autosimulate_addon.protocol import InputError
from autosimulate_addon.run.record.directory import (
    RunDirectory,
    atomic_path,
    check_space,
    check_writable,
    read_json,
    write_json,
    write_text,
)


def test_atomic_write_keeps_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "psi.json"
    write_text(path, "old")
    with pytest.raises(OSError), atomic_path(path) as temporary:
        temporary.write_text("half of the n")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["psi.json"]


def test_json_holds_numpy_and_turns_nan_into_null(tmp_path):
    write_json(tmp_path / "a.json", {"a": np.float32(0.5), "b": [np.nan, np.inf, np.int64(3)], "c": np.arange(2)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 0.5, "b": [None, None, 3], "c": [0, 1]}


@pytest.mark.parametrize("content", [None, "{", "\udcff"])
def test_unreadable_json_is_one_sentence(tmp_path, content):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"config\.json"):
        read_json(path, "run's config.json")


def test_output_below_a_file_is_refused_and_nothing_is_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file, not a folder"):
        check_writable(tmp_path / "file" / "run")
    assert sorted(os.listdir(tmp_path)) == ["file"]


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="no /proc here")
def test_output_on_a_read_only_file_system_is_refused():
    with pytest.raises(InputError, match="Cannot write to '/proc"):
        check_writable(RunDirectory("/proc/run").root)


def test_checking_leaves_no_traces(tmp_path):
    RunDirectory(tmp_path / "a" / "b").check_new()
    check_writable(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_folder_with_only_the_scene_is_no_run_yet(tmp_path):
    (tmp_path / "scene.blend").write_bytes(b"BLENDER")
    RunDirectory(tmp_path).check_new()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="--resume"):
        RunDirectory(tmp_path).check_new()


def test_too_little_space_is_said_with_numbers(tmp_path):
    with pytest.raises(InputError, match="MB"):
        check_space(tmp_path / "run", 1 << 60)
