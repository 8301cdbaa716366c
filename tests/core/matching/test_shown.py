"""Which coordinates labels tell of: those whose draws the labels change with, and no others."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core.matching.shown import shown
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.protocol import Factor, SampleKey


def normal(key, **others):
    return Factor(key, "normal", start={"mean": np.zeros(1), "std": np.ones(1)}, **others)


CHOICE = Factor("choice", "categorical", start={"p": np.array([0.5, 0.5])}, items=("left", "right"))


def drawn(factors, count, seed):
    psi = Psi.from_factors(factors)
    draws = [psi.sample(SampleKey(seed, 0, k)) for k in range(count)]
    return psi, {factor.key: torch.from_numpy(np.stack([draw[factor.key] for draw in draws])) for factor in factors}


def alike(count):
    return torch.full((count,), 1 / count, dtype=torch.float64)


def names(psi, found):
    return {key for key, place in psi.slices.items() if found[place].any()}


def noise(count, columns, seed):
    return torch.randn(count, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_factor_is_shown_with_its_spread_where_the_statistics_follow_its_draws():
    psi, draws = drawn([normal("distance"), normal("light"), CHOICE, normal("locked", locked=True)], 160, 1)
    statistics = noise(160, 8, 2)
    statistics[:, 3] += draws["distance"][:, 0, 0]
    statistics[:, 4] += draws["locked"][:, 0, 0]
    statistics[:, 5] += 3 * draws["choice"].reshape(160)      # of a choice features may have something else to say
    found = shown(psi, draws, statistics, alike(160))
    assert names(psi, found) == {"distance"} and found[psi.slices["distance"]].all()


def test_chance_shows_nothing():
    factors = [normal(f"light {i}") for i in range(30)]
    wrong = 0
    for seed in range(20):
        psi, draws = drawn(factors, 40, seed)
        wrong += bool(shown(psi, draws, noise(40, 24, 100 + seed), alike(40)).any())
    assert wrong <= 4


def test_a_statistic_that_does_not_apply_to_an_image_says_nothing_of_it():
    psi, draws = drawn([normal("distance"), normal("light")], 200, 3)
    statistics = draws["distance"][:, 0].clone()
    statistics[::3] = torch.nan
    constant = torch.ones(200, 1)
    found = shown(psi, draws, torch.cat([statistics, constant, torch.full((200, 1), torch.nan)], 1), alike(200))
    assert names(psi, found) == {"distance"}


@pytest.mark.parametrize("weighted", [True, False])
def test_what_two_generations_differ_by_is_no_correlation_under_weights(weighted):
    """In the second half psi was elsewhere, in both factors: each render counts as the present psi has it."""
    psi, draws = drawn([normal("distance"), normal("light")], 400, 4)
    draws = {key: torch.cat([values[:200], values[200:] + 3.0]) for key, values in draws.items()}
    log_q = torch.logsumexp(torch.stack([psi.log_q(draws), psi.log_q({key: values - 3.0 for key, values
                                                                      in draws.items()})]), 0)
    ratio = (psi.log_q(draws) - log_q).exp()
    found = shown(psi, draws, draws["distance"][:, 0], ratio / ratio.sum() if weighted else alike(400))
    assert names(psi, found) == ({"distance"} if weighted else {"distance", "light"})
