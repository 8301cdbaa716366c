"""The comparison on the stand-in, at its smallest."""

from __future__ import annotations

import csv
import importlib
import math

import pytest


@pytest.fixture
def small(monkeypatch):
    module = importlib.import_module("benchmarks.standin")
    monkeypatch.setattr(module, "FRESH_IMAGES", 8)
    monkeypatch.setattr(module, "FRESH_STEPS", 2)
    arms = importlib.import_module("benchmarks.standin_arms")
    monkeypatch.setattr(arms, "IMAGES", 4)
    monkeypatch.setattr(arms, "TRIAL_IMAGES", 6)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_arms_run_once_and_share_a_budget(run, small, tmp_path):
    arguments = ("standin", "--seeds", "1", "--starts", "wide", "--arms", "none,oracle,autosimulate,published,random",
                 "--renders", "12", "--judges", "1", "--results", tmp_path)
    assert run(*arguments) == 0
    first = rows(tmp_path / "standin.csv")
    assert [row["arm"] for row in first] == ["none", "oracle", "autosimulate", "published", "random"]
    assert {row["rendered"] for row in first if row["arm"] not in ("none", "oracle")} == {"12"}
    assert all(math.isfinite(float(row["loss"])) for row in first)
    assert all(row["commit"] and row["date"] and "cores" in row["machine"] for row in first)
    assert run(*arguments) == 0
    assert rows(tmp_path / "standin.csv") == first


def test_variants_need_a_name_and_known_options(run, tmp_path, capsys):
    assert run("standin", "--set", "step.kl=1", "--results", tmp_path) == 2
    assert run("standin", "--seeds", "1", "--arms", "autosimulate", "--set", "step.nonsense=1", "--tag", "x",
               "--results", tmp_path) == 2
    assert "step.nonsense" in capsys.readouterr().err


def test_every_arm_has_a_configuration(benchmark):
    arms = importlib.import_module("benchmarks.standin_arms")
    for arm in arms.ARMS:
        config = arms.config_of(arm, 1, 480)
        assert config.iterations * config.images == 480
    assert arms.config_of("no-pathwise", 1, 480).estimator.pathwise is False
    assert arms.config_of("autosimulate", 1, 480, {"step.kl": 0.7}).step.kl == 0.7


def test_statistics(benchmark):
    statistics = importlib.import_module("benchmarks.statistics")
    losses = {1: 0.2, 2: 0.3, 3: 0.4}
    better = {seed: loss - 0.1 for seed, loss in losses.items()}
    assert statistics.wins(better, losses, lower_is_better=True) == (3, 3)
    halfway = {seed: loss - 0.05 for seed, loss in losses.items()}
    assert statistics.gap_closed(halfway, losses, better) == pytest.approx((0.5, 0.5, 0.5))
    middle, low, high = statistics.median_interval([1.0, 2.0, 3.0])
    assert low <= middle == 2.0 <= high


def test_a_table_takes_rows_of_one_commit_only(run, small, monkeypatch, tmp_path, capsys):
    arguments = ("standin", "--starts", "wide", "--arms", "none", "--judges", "1", "--results", tmp_path)
    assert run(*arguments, "--seeds", "1") == 0
    monkeypatch.setattr(importlib.import_module("benchmarks.provenance"), "commit", lambda: "another")
    assert run(*arguments, "--seeds", "1") == 0                 # nothing is missing, nothing is run
    capsys.readouterr()
    assert run(*arguments, "--seeds", "1,2") == 2
    assert "standin.csv" in capsys.readouterr().err
    assert len(rows(tmp_path / "standin.csv")) == 1
