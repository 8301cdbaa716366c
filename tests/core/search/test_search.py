"""The search methods, without a simulator: where the reward is known, do they go there?"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.search.autosimulate import AutoSimulate, AutoSimulateOptions, StepOptions
from autosimulate_addon.core.search.base import average
from autosimulate_addon.core.search.black_box import BlackBoxOptions
from autosimulate_addon.core.search.lts import LearningToSimulate, LearningToSimulateOptions
from autosimulate_addon.core.search.random_search import RandomSearch
from autosimulate_addon.core.tasks import Scores
from autosimulate_addon.core.trust_region import trust_region
from autosimulate_addon.protocol import Factor, SampleKey

FACTORS = [
    Factor("place", "normal", count=3, start={"mean": np.array([0.0]), "std": np.array([1.0])}),
    Factor("kind", "categorical", items=("a", "b", "c"), start={"p": np.array([0.3, 0.3, 0.4])}),
    Factor("fixed", "normal", start={"mean": np.array([0.0]), "std": np.array([1.0])}, locked=True),
]
START = Psi.from_factors(FACTORS)


def reward(psi):
    return -abs(psi.plain()["place"]["mean"][0] - 1.5)


def context(psi, iteration, count=24):
    draws = [psi.sample(SampleKey(0, iteration, k)) for k in range(count)]
    store = SimpleNamespace(draws={key: torch.from_numpy(np.stack([d[key] for d in draws])) for key in draws[0]})
    return SimpleNamespace(iteration=iteration, psi=psi, store=store, batch=torch.arange(count))


def search(method, trials):
    for iteration in range(trials):
        psi = method.psi
        method.after_training(context(psi, iteration), Scores(0.0, reward(psi), {}))
    return method.recommend()


def test_random_search_delivers_its_best_trial():
    method = RandomSearch(START, BlackBoxOptions(5))
    final = search(method, 30)
    best = max([START, *method.history[:-1]], key=reward)      # the last proposal was never tried
    assert torch.equal(final.phi, best.phi)
    assert reward(final) > reward(START)
    assert len({tuple(p) for p in method.points}) == 31


def test_bayesian_optimisation_finds_what_random_search_does_not():
    pytest.importorskip("optuna")
    from autosimulate_addon.core.search.bayesian import BayesianOptimisation

    final = search(BayesianOptimisation(START, BlackBoxOptions(5)), 15)
    assert reward(final) > reward(search(RandomSearch(START, BlackBoxOptions(5)), 15))


def test_reinforce_climbs():
    # the reward of a data set is that of its draws: REINFORCE sees nothing of psi but through them
    method = LearningToSimulate(START, LearningToSimulateOptions(step_size=1.0))
    for iteration in range(60):
        psi = method.psi
        at = context(psi, iteration)
        method.after_training(at, Scores(0.0, -abs(at.store.draws["place"].mean().item() - 1.5), {}))
    assert reward(method.recommend()) > reward(START) + 0.3


def test_trials_keep_to_the_bounds_and_to_locked_factors():
    method = RandomSearch(START, BlackBoxOptions(1))
    for k in range(20):
        plain = method.psi_at([float(k % 2)] * START.size).plain()
        assert plain["fixed"] == START.plain()["fixed"]
        assert min(plain["kind"]["p"]) >= 0.029
        assert abs(plain["place"]["mean"][0]) == pytest.approx(3.0)     # of the value's own standard deviations


@pytest.mark.parametrize("length", [0.01, 1.0, 100.0])
def test_trust_region_bounds_the_divergence(length):
    u = torch.ones(START.size, dtype=torch.float64) * length
    moved = trust_region(START, u, 0.2)
    assert 0 < moved.kl(START) <= 0.3
    assert moved.plain()["fixed"] == START.plain()["fixed"]


def test_average_is_over_the_last_part():
    history = [START.step(torch.full((START.size,), 0.1 * k, dtype=torch.float64)) for k in range(10)]
    mean = average(history, 0.3).plain()["place"]["mean"][0]
    assert mean == pytest.approx(np.mean([p.plain()["place"]["mean"][0] for p in history[-3:]]))
    assert torch.equal(average(history[:1]).phi, history[0].phi)


def test_a_coordinate_of_pure_noise_is_held_back():
    method = AutoSimulate(START, AutoSimulateOptions())
    gradient = torch.full((START.size,), 0.3, dtype=torch.float64)
    variance = torch.full((START.size,), 1e-4, dtype=torch.float64)
    variance[0] = 1.0
    u = method._step(gradient, variance, 0.0)
    options, expected = StepOptions(), torch.where(START.is_scale, StepOptions().scale_step, 1.0) * 0.3
    assert 0 < u[0] < 0.25 * u[1]
    assert u[1].item() == pytest.approx(options.step_size * expected[1].item(), rel=0.01)
    assert method._step(gradient, variance, 1.0)[1] < 0.25 * u[1]       # annealed to a fifth


def test_unknown_method_is_named():
    from autosimulate_addon.core.config import LoopConfig
    from autosimulate_addon.protocol import InputError

    with pytest.raises(InputError, match="lts"):
        LoopConfig(method="x")
