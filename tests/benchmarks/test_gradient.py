"""The estimator's instrument, at its smallest."""

from __future__ import annotations

import csv
import importlib

import pytest
import torch


@pytest.mark.parametrize("parameters", [3, 7, 17, 19])
def test_design_keeps_effects_apart(benchmark, parameters):
    response = importlib.import_module("benchmarks.gradient_response")
    signs = response.design(parameters)
    assert torch.equal(signs.T @ signs, len(signs) * torch.eye(parameters, dtype=torch.float64))
    slope = torch.arange(1.0, parameters + 1, dtype=torch.float64)
    moved = response.DELTA * signs
    losses = moved @ slope + 0.7 * moved[:, 0] * moved[:, 1] + moved.square().sum(1)
    assert torch.allclose(response.effects(losses, parameters), -slope)


def test_rows_for_a_variant(run, benchmark, monkeypatch, tmp_path):
    gradient = importlib.import_module("benchmarks.gradient")
    monkeypatch.setattr(importlib.import_module("benchmarks.gradient_state"), "ITERATIONS", 2)
    monkeypatch.setattr(gradient, "VARIANTS", {"linear": gradient.VARIANTS["linear"]})
    assert run("gradient", "--K", "4", "--repeats", "2", "--reference", "16", "--response-repeats", "0", "--results",
               tmp_path) == 0
    with open(tmp_path / "gradient.csv", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["variant"] for row in found] == ["linear", "linear (reference)"]
    assert -1 <= float(found[0]["cos_reference"]) <= 1
