"""A run says where its network knows too little to be asked."""

import dataclasses

import pytest

from autosimulate_addon.protocol.events import Iteration
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.optimization.advice import little_found

NETWORK = RunConfig(learner="network")
SECOND = Iteration(1, 48, 10, 1.0, 0.004)


def test_a_small_network_that_finds_next_to_nothing_is_told_of():
    said = little_found(SECOND, NETWORK, "mAP@.5")
    assert "mAP@.5 0.4 % after 2 iterations" in said and "--learner head" in said


@pytest.mark.parametrize("record, config", [
    (dataclasses.replace(SECOND, iteration=0), NETWORK),                    # it has only begun
    (dataclasses.replace(SECOND, iteration=2), NETWORK),                    # it was said
    (dataclasses.replace(SECOND, val_metric=0.1), NETWORK),
    (dataclasses.replace(SECOND, val_metric=float("nan")), RunConfig(method="match", learner="network")),
    (SECOND, RunConfig(learner="head")), (SECOND, RunConfig(learner="network", network="efficientnet"))])
def test_all_else_is_not(record, config):
    assert little_found(record, config, "mAP@.5") == ""
