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
    return scale * logits.T, labels, torch.full((4000,), 1 / 4000)


@pytest.mark.parametrize("scale", [0.01, 0.3, 1.0, 3.0])
def test_the_scale_of_the_logits_changes_nothing(monkeypatch, scale):
    derivatives, calls = calibration._derivatives, []
    monkeypatch.setattr(calibration, "_derivatives", lambda *arguments: (calls.append(1), derivatives(*arguments))[1])
    found = calibration.calibrate([_pixels(scale)])
    assert len(calls) < 10
    expected = calibration.calibrate([_pixels(0.1)])
    assert found.temperature * scale == pytest.approx(0.1 * expected.temperature, rel=1e-4)
    assert found.bias == pytest.approx(expected.bias, abs=1e-4)
    x = torch.cat([torch.tensor([found.temperature]).double(), found.bias[1:]])
    _, gradient, _ = derivatives([_pixels(scale)], x)
    assert gradient.abs().max() < 1e-5


def test_one_class_against_none_is_calibrated_as_two():
    logits, labels, weights = _pixels(0.3)
    z, centre = logits[2].double(), labels == 2
    found = calibration.calibrate_logistic(z, centre, weights.double())
    two = calibration.calibrate([(torch.stack([0 * z, z]), centre.long(), weights.double())])
    assert found.temperature == pytest.approx(two.temperature, rel=1e-4)
    assert found.bias.item() == pytest.approx(float(two.bias[1]), abs=1e-4)


def test_derivatives_are_those_of_the_loss():
    pixels = [tuple(each.double() if each.is_floating_point() else each for each in _pixels(0.1))]
    x = torch.tensor([0.7, 0.3, -0.2, 0.5, -1.0], dtype=torch.float64, requires_grad=True)

    def loss(x):
        logits, labels, weights = pixels[0]
        biased = x[0] * logits + torch.cat([torch.zeros(1), x[1:]])[:, None]
        each = torch.nn.functional.cross_entropy(biased.T, labels, reduction="none")
        return weights @ each + calibration.RIDGE * x[1:].square().sum()

    found, gradient, hessian = calibration._derivatives(pixels, x.detach())
    assert found == pytest.approx(loss(x).item(), rel=1e-12)
    assert torch.allclose(gradient, torch.autograd.grad(loss(x), x)[0], rtol=1e-9, atol=1e-12)
    assert torch.allclose(hessian, torch.autograd.functional.hessian(loss, x), rtol=1e-9, atol=1e-9)
