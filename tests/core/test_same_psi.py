"""The same seed gives the same psi as it always did: a short run of each method against what is written down here.

``same_psi.json`` holds, by case, psi as delivered and the best one, and the validation losses of the run and of its
null control. A change that is meant to alter results writes it again; any other leaves it alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from autosimulate_addon.core.loop import LoopConfig, State, with_control
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, start_narrow_wrong, start_wide, validation_and_test

WRITTEN = json.loads(Path(__file__).with_name("same_psi.json").read_text())
CASES = {
    "autosimulate": {}, "narrow": {}, "published": {"method": "published"}, "linear": {"approximation": "linear"},
    "match": {"method": "match"}, "lts": {"method": "lts"}, "bo": {"method": "bo"}, "random": {"method": "random"},
    "none": {"method": "none"},
}


def close(value):
    """The written numbers within what another processor's arithmetic may change."""
    if isinstance(value, dict):
        return {key: close(part) for key, part in value.items()}
    return pytest.approx(value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_psi_is_what_it_was(name):
    if name == "bo":
        pytest.importorskip("optuna")
    torch.set_num_threads(1)
    simulator = StandIn(start_narrow_wrong if name in ("narrow", "match") else start_wide)
    config = LoopConfig(iterations=5, images=8, seed=11, device="cpu", **CASES[name])
    validation, start = validation_and_test(n_val=12, n_test=4)[0], Psi.from_factors(simulator.factors)
    state = State(config, simulator, validation, start)
    control = State(config.of_control(), simulator, validation, start, beside=state)
    pairs = list(with_control(state, control))
    assert {"final": state.final.plain(), "best": state.best.plain(), "val_loss": [r.val_loss for r, _ in pairs],
            "control": [c.val_loss for _, c in pairs]} == close(WRITTEN[name])
