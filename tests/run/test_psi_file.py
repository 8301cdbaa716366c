"""psi.json comes back as written, and nothing that no distribution can have gets in."""

import json

import numpy as np
import pytest

from autosimulate_addon.protocol import Factor, InputError
from autosimulate_addon.run.record import psi_file
from autosimulate_addon.run.record.directory import RunDirectory

FACTORS = (
    Factor("energy", "lognormal", low=np.array([1.0]), high=np.array([9.0]), unit="W"),
    Factor("bounces", "integer", items=("0", "1", "2")),
)
START = {"energy": {"mean": [4.0], "std": [1.0]}, "bounces": {"p": [0.2, 0.3, 0.5]}}
LATEST = {"energy": {"mean": [5.0], "std": [0.5]}, "bounces": {"p": [0.1, 0.1, 0.8]}}


def write(path, **stages):
    psi_file.write(path, FACTORS, iteration=3, seed=1, stages=stages,
                   targets={"energy": [{"data": "lights['Lamp']", "path": "energy", "index": -1}]})


def test_stages_come_back_and_the_latest_wins_over_the_start(tmp_path):
    path = RunDirectory(tmp_path).psi
    write(path, start=START, latest=LATEST)
    assert psi_file.read(psi_file.find(str(tmp_path)), FACTORS) == LATEST
    assert psi_file.read(path, FACTORS, "start") == START
    entry = json.loads(path.read_text())["factors"][0]
    assert entry["unit"] == "W" and entry["low"] == [1.0] and entry["targets"][0]["data"] == "lights['Lamp']"


@pytest.mark.parametrize("key, values, said", [
    ("energy", {"mean": [float("nan")], "std": [1.0]}, "finite"),
    ("energy", {"mean": [None], "std": [1.0]}, "finite"),
    ("energy", {"mean": ["4"], "std": [1.0]}, "finite"),
    ("energy", {"mean": [4.0, 4.0], "std": [1.0]}, "list of 1"),
    ("energy", {"mean": [-4.0], "std": [1.0]}, "above zero"),
    ("energy", {"mean": [4.0], "std": [-1.0]}, "negative"),
    ("energy", {"p": [1.0]}, "needs mean and std"),
    ("bounces", {"p": [0.5, 0.5]}, "list of 3"),
    ("bounces", {"p": [0.5, 0.5, 0.5]}, "sum to 1"),
])
def test_impossible_values_are_one_sentence(tmp_path, key, values, said):
    path = tmp_path / "psi.json"
    write(path, start=START)
    stored = json.loads(path.read_text())
    next(entry for entry in stored["factors"] if entry["key"] == key)["start"] = values
    path.write_text(json.dumps(stored))
    with pytest.raises(InputError, match=said):
        psi_file.read(path, FACTORS)


def test_psi_of_another_scene_is_refused(tmp_path):
    path = tmp_path / "psi.json"
    write(path, start=START)
    with pytest.raises(InputError, match="'bounces', which is not learnable"):
        psi_file.read(path, FACTORS[:1])
    path.write_text("[]")
    with pytest.raises(InputError, match=r"not a psi\.json"):
        psi_file.read(path, FACTORS)
    with pytest.raises(InputError, match=r"no psi\.json"):
        psi_file.find(str(tmp_path / "elsewhere"))
