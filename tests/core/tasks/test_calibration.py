"""The best temperature and biases: a convex problem with one solution, wherever the logits begin."""

import pytest
import torch

from autosimulate_addon.core.tasks import calibration


def _pixels(scale):
    """Logits that know a little and are very sure."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(4000, generator=generator) < 0.2).long() * torch.randint(1, 5, (4000,), generator=generator)
    logits = 8 * torch.randn(4000, 5, generator=generator)
    logits[torch.arange(4000), labels] += 6
    logits[:, 0] += 10
    return scale * logits, labels, torch.full((4000,), 1 / 4000)


@pytest.mark.parametrize("scale", [0.01, 0.3, 1.0, 3.0])
def test_the_scale_of_the_logits_changes_nothing(monkeypatch, scale):
    derivatives, calls = calibration._derivatives, []
    monkeypatch.setattr(calibration, "_derivatives", lambda *arguments: (calls.append(1), derivatives(*arguments))[1])
    found = calibration.calibrate([_pixels(scale)])
    assert len(calls) < 25
    expected = calibration.calibrate([_pixels(0.1)])
    assert found.temperature * scale == pytest.approx(0.1 * expected.temperature, rel=1e-4)
    assert found.bias - found.bias.mean() == pytest.approx(expected.bias - expected.bias.mean(), abs=1e-4)
    _, gradient, _ = derivatives([_pixels(scale)], torch.cat([torch.tensor([found.temperature]).double(), found.bias]))
    assert gradient.abs().max() < 1e-5


def test_one_class_against_none_is_calibrated_as_two():
    logits, labels, weights = _pixels(0.3)
    z, centre = logits[:, 2].double(), labels == 2
    found = calibration.calibrate_logistic(z, centre, weights.double())
    two = calibration.calibrate([(torch.stack([0 * z, z], 1), centre.long(), weights.double())])
    assert found.temperature == pytest.approx(two.temperature, rel=1e-4)
    assert found.bias.item() == pytest.approx(float(two.bias[1] - two.bias[0]), abs=1e-4)
