"""A checkpoint is whole or the one before; it can hold nothing that runs code."""

import pytest
import torch

from autosimulate_addon.protocol import InputError
from autosimulate_addon.run.record import checkpoint


def test_the_latest_comes_back(tmp_path):
    for iteration in range(3):
        checkpoint.save(tmp_path, {"iteration": iteration, "psi": torch.full((2,), float(iteration))})
    state = checkpoint.load(tmp_path)
    assert state["iteration"] == 2 and state["psi"].tolist() == [2.0, 2.0]


def test_a_damaged_one_falls_back_to_the_one_before(tmp_path):
    for iteration in range(2):
        checkpoint.save(tmp_path, {"iteration": iteration})
    latest = tmp_path / "latest.pt"
    latest.write_bytes(latest.read_bytes()[:40])
    assert checkpoint.load(tmp_path)["iteration"] == 0


def test_none_yet_and_all_damaged(tmp_path):
    assert checkpoint.load(tmp_path) is None
    (tmp_path / "latest.pt").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read"):
        checkpoint.load(tmp_path)


def test_code_is_not_loaded(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("executed",)

    torch.save({"state": Evil()}, tmp_path / "latest.pt")
    with pytest.raises(InputError):
        checkpoint.load(tmp_path)
