"""Moments, parameters and densities in numpy, against what they must be and against core's own distributions."""

import math

import numpy as np
import pytest
import torch

from autosimulate_addon.core.distributions import family_of, make
from autosimulate_addon.protocol import Factor, moments

CASES = [
    ("normal", 2.0, 0.5, -math.inf, math.inf), ("lognormal", 300.0, 200.0, 0.0, math.inf),
    ("lognormal", 0.01, 0.015, 0.0, math.inf), ("bounded", 1.0, 0.8, -2.0, 3.0),
    ("bounded", 0.5, 12 ** -0.5, 0.0, 1.0), ("bounded", 0.2, 0.15, 0.0, 1.0)]


@pytest.mark.parametrize("family, mean, std, low, high", CASES)
def test_a_density_is_that_of_the_optimisers_own_distribution(family, mean, std, low, high):
    limits = (np.array([low]), np.array([high])) if family == "bounded" else (None, None)
    start = {"mean": np.array([mean]), "std": np.array([std])}
    factor = Factor("it", family, low=limits[0], high=limits[1], start=start)
    drawn = make(factor, family_of(factor).to_phi(factor.start))
    width = high - low if family == "bounded" else 1.0
    t = torch.linspace(0.01, 0.99, 99, dtype=torch.float64) if family == "bounded" else \
        torch.linspace(mean / 50, mean + 4 * std, 99, dtype=torch.float64)
    x = low + width * t.numpy() if family == "bounded" else t.numpy()
    ours = moments.density(family, x, mean, std, low, high)
    assert ours == pytest.approx(drawn.log_prob(t).exp().numpy() / width, rel=1e-9)


@pytest.mark.parametrize("family, mean, std, low, high", CASES[:5])
def test_a_density_has_the_moments_it_is_given(family, mean, std, low, high):
    x = np.linspace(low if math.isfinite(low) else mean - 12 * std, min(high, mean + 60 * std), 2_000_001)
    p, step = moments.density(family, x, mean, std, low, high), x[1] - x[0]
    assert p.sum() * step == pytest.approx(1, abs=2e-3)
    assert (p * x).sum() * step == pytest.approx(mean, rel=1e-2)
    assert math.sqrt((p * (x - mean) ** 2).sum() * step) == pytest.approx(std, rel=3e-2)


def test_nothing_lies_beyond_limits_or_has_moments_that_cannot_be():
    assert moments.density("normal", np.array([-1.0, 0.5, 2.0]), 0.0, 1.0, 0.0, 1.0)[[0, 2]].tolist() == [0.0, 0.0]
    for family, mean, std in (("normal", 0.0, 0.0), ("lognormal", -1.0, 1.0), ("bounded", 0.5, 0.6),
                              ("bounded", 2.0, 0.1)):
        assert not moments.density(family, np.linspace(0.1, 0.9, 5), mean, std, 0.0, 1.0).any(), family


def test_a_log_normal_by_its_logarithm_and_back():
    mean, std = (np.array(moments.lognormal(0.7, 1.2)[name]) for name in ("mean", "std"))
    log_mean, variance = moments.lognormal_parameters(mean, std)
    assert (log_mean, variance) == (pytest.approx(0.7), pytest.approx(1.2 ** 2))
    assert moments.lognormal_median(mean, std) == pytest.approx(math.exp(0.7))
    assert moments.around(50.0, 3.0) == moments.lognormal(math.log(50.0), math.log(3.0))


def test_a_beta_by_its_concentration_and_back():
    assert moments.beta_std(0.3, moments.beta_concentration(0.3, 0.2)) == pytest.approx(0.2)
    assert moments.beta_concentration(0.5, 0.5) == 0.0      # a coin between the limits


def test_probabilities_from_logits():
    assert moments.softmax(0.0, math.log(3.0))["p"] == pytest.approx([0.25, 0.75])
