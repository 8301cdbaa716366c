"""The comparisons in Blender: what is run and written, with run.py's part played by a function."""

from __future__ import annotations

import csv
import importlib
import json

import pytest

SCORES = {"loss": 0.2, "metric": 0.5, "losses": [0.1, 0.3], "metrics": [0.4, 0.6], "images": 8, "steps": 12,
          "per_class": {"sphere": 0.5, "cube": 0.5, "cylinder": 0.5}}


@pytest.fixture
def calls(monkeypatch):
    """The commands that would have been run."""
    made = []

    def run_py(*arguments):
        made.append([str(each) for each in arguments])
        if arguments[0] == "evaluate":
            return SCORES
        return {"rendered": 12, "val_loss": 0.3, "val_metric": 0.4, "seconds": 1.0,
                "rows": {"start": {**SCORES, "metric": 0.4}, "learned": SCORES}}

    monkeypatch.setattr(importlib.import_module("benchmarks.blender_runs"), "run_py", run_py)
    return made


def test_demo_pairs_every_arm_with_its_seed(run, calls, tmp_path):
    arguments = ("demo", "--seeds", "1,2", "--work", tmp_path / "work", "--results", tmp_path, "--arms",
                 "autosimulate,none,wide,oracle,random")
    assert run(*arguments) == 0
    with open(tmp_path / "demo.csv", newline="") as file:
        found = {(row["arm"], row["seed"]): row for row in csv.DictReader(file)}
    assert len(found) == 10
    assert float(found["autosimulate", "1"]["miou"]) > float(found["none", "1"]["miou"])
    assert found["wide", "2"]["networks"] == "2"
    assert float(found["wide", "2"]["miou_sd"]) == pytest.approx(0.1414, rel=1e-3)
    assert all("--judges" in call for call in calls if call[0] in ("optimize", "evaluate"))
    evaluations = [call for call in calls if call[0] == "evaluate"]
    assert all(call[call.index("--seed") + 1] in call[call.index("--test") + 1] for call in evaluations)
    before = len(calls)
    assert run(*arguments) == 0 and len(calls) == before
    rendered = {tuple(int(call[call.index(flag) + 1]) for flag in ("--iterations", "--images"))
                for call in calls if call[0] == "optimize"}
    assert rendered == {(12, 24), (6, 48)}                  # the same renders, in fewer and larger trials for random


def test_a_psi_that_was_written_is_read_as_a_runs(benchmark, tmp_path):
    psi_file = pytest.importorskip("autosimulate_addon.run.record.psi_file")
    from autosimulate_addon.core.standin import StandIn, target
    runs = importlib.import_module("benchmarks.blender_runs")
    path = runs.write_psi(tmp_path / "psi" / "target.json", target)
    assert json.loads(path.read_text())["format"] == psi_file.FORMAT
    assert psi_file.read(path, StandIn().factors) == {key: dict(value) for key, value in target.items()}


def test_bad_input_is_one_sentence(run, tmp_path, capsys):
    assert run("photographs", "--data", tmp_path, "--work", tmp_path, "--results", tmp_path) == 2
    assert "models" in capsys.readouterr().err
