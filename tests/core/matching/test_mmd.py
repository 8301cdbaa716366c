"""MMD against its definition, image by image; its derivative against finite differences."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core.matching import Distance
from autosimulate_addon.core.matching.mmd import _standardised


def images(count, seed, shift=0.0):
    made = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    made[:, 1] = 100 * made[:, 1] + shift           # units of its own
    made[:, 3] = 7.0                                # never varies
    return made + torch.tensor([shift, 0, 0, 0], dtype=torch.float64)


def weights(count, seed=3):
    made = torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made / made.sum()


def test_it_is_the_definition_written_out():
    x, y, w = images(11, 0), images(7, 1, 0.8), weights(11)
    spread = np.std(np.concatenate([x, y]), axis=0)
    a, b = (np.asarray(each)[:, :3] / spread[:3] for each in (x, y))
    width = np.sort([np.linalg.norm(p - q) for p in a for q in b])[(11 * 7 - 1) // 2] ** 2

    def k(p, q):
        return np.exp(-np.sum((p - q) ** 2) / width)

    own, off = 0.0, 0.0
    for i in range(11):
        for j in range(11):
            if i != j:
                own += w[i] * w[j] * k(a[i], a[j])
                off += w[i] * w[j]
    across = sum(w[i] * k(a[i], b[j]) / 7 for i in range(11) for j in range(7))
    photographs = sum(k(b[i], b[j]) for i in range(7) for j in range(7) if i != j) / (7 * 6)
    assert Distance(x, y).value(w) == pytest.approx(float(own / off - 2 * across + photographs), rel=1e-10)


def test_the_derivative_is_that_of_the_value():
    distance, w = Distance(images(9, 0), images(5, 1, 0.5)), weights(9)
    found = distance.derivative(w)
    for index in range(9):
        step = torch.zeros(9, dtype=torch.float64)
        step[index] = 1e-6
        difference = (distance.value(w + step) - distance.value(w - step)) / 2e-6
        assert found[index].item() == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_equal_distributions_are_nothing_apart_in_the_mean_and_others_are():
    equal = [Distance(images(40, seed), images(40, 1000 + seed)).value(torch.full((40,), 1 / 40, dtype=torch.float64))
             for seed in range(40)]
    other = [Distance(images(40, seed), images(40, 1000 + seed, 1.0)).value(torch.full((40,), 1 / 40).double())
             for seed in range(5)]
    error = np.std(equal) / np.sqrt(len(equal))
    assert abs(np.mean(equal)) < 3 * error and min(other) > 5 * np.std(equal)


def test_some_columns_alone():
    x, y = images(9, 0), images(6, 1, 1.0)
    w = weights(9)
    assert Distance(x, y).of(torch.tensor([0])).value(w) == pytest.approx(Distance(x[:, :1], y[:, :1]).value(w))
    assert Distance(x, y).of(torch.tensor([3])).value(w) == pytest.approx(0.0, abs=1e-12)


def test_one_photograph_will_do():
    w = weights(9)
    distance = Distance(images(9, 0), images(1, 1))
    assert np.isfinite(distance.value(w)) and distance.derivative(w).isfinite().all()


def test_what_does_not_apply_to_a_render_is_like_the_mean_render_and_to_a_photograph_like_the_mean_photograph():
    """Of what is not there no size is known: it is not like what is small, nor like the photographs."""
    nan = torch.nan
    x, y = torch.tensor([[1, nan, 4], [nan, nan, 6], [3, nan, nan]]), torch.tensor([[2, nan, nan], [6, nan, nan]])
    own, real = _standardised(x.double(), y.double())
    spread = 14 ** 0.5 / 2                      # of 1, 3, 2 and 6
    assert own.T.tolist() == [pytest.approx([-3 / spread, -2 / spread, -1 / spread]), [0, 0, 0],
                              pytest.approx([-1, 1, 0])]
    assert real.T.tolist() == [pytest.approx([-2 / spread, 2 / spread]), [0, 0], [0, 0]]
