"""Matching where the answer is known: images show their own draws, so psi becomes the photographs' distribution."""

import math

import numpy as np
import pytest
import torch

from autosimulate_addon.core.matching import Distance, match
from autosimulate_addon.core.matching.match import NOTHING_HEARD, OUT_OF_REACH, needed
from autosimulate_addon.core.matching.significance import as_normal
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.protocol import Factor, SampleKey


def normal(key, mean, std, **others):
    return Factor(key, "normal", start={"mean": np.array([mean]), "std": np.array([std])}, **others)


def world(count, seed, *factors):
    """psi, its draws, their log q, and what the images show: the draws."""
    psi = Psi.from_factors(factors)
    drawn = [psi.sample(SampleKey(seed, 0, k)) for k in range(count)]
    draws = {factor.key: torch.from_numpy(np.stack([draw[factor.key] for draw in drawn])) for factor in factors}
    return psi, draws, psi.log_q(draws), torch.cat([draws[factor.key][:, 0] for factor in factors], 1)


def photographs(count, seed, *moments):
    made = torch.randn(count, len(moments), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made * torch.tensor([std for _, std in moments]) + torch.tensor([mean for mean, _ in moments])


def matched(count, seed, factors, moments, held=None):
    psi, draws, log_q, shown = world(count, seed, *factors)
    return match(psi, draws, log_q, [Distance(shown, photographs(60, seed + 50, *moments))], held=held)


def test_psi_becomes_the_photographs_distribution_and_says_what_moved():
    found = matched(600, 1, [normal("a", 0.0, 1.0), normal("b", 0.0, 1.0)], [(0.7, 0.6), (0.0, 1.0)])
    plain = found.psi.plain()
    assert [plain["a"][name][0] for name in ("mean", "std")] == pytest.approx([0.7, 0.6], abs=0.15)
    assert [plain["b"][name][0] for name in ("mean", "std")] == pytest.approx([0.0, 1.0], abs=0.15)
    moved = {move.coordinate: move for move in found.moves}
    assert (moved["a.mean"].start, moved["a.mean"].end) == (0.0, plain["a"]["mean"][0]) and moved["a.mean"].z < -10
    assert found.after[0] < 0.1 * found.before[0] and 0.1 < found.kl < 1.0


def test_nothing_moves_where_renders_already_match():
    endings = [matched(100, seed, [normal(name, 0.0, 1.0) for name in "abcdef"], [(0.0, 1.0)] * 6)
               for seed in range(10)]
    assert sum(found.ended == NOTHING_HEARD and not found.moves for found in endings) >= 8
    assert max(found.kl for found in endings) < 0.3


@pytest.mark.parametrize("of_photographs", [0.0, 0.2, 0.6, 2.0])
@pytest.mark.parametrize("gradient", [0.3, -1.1, 1.6])
def test_with_what_is_needed_a_derivative_would_be_heard(gradient, of_photographs):
    renders, photographs = needed(gradient, 0.8, of_photographs, 2.0)
    assert abs(gradient) / math.sqrt(0.8 / renders + of_photographs / photographs) == pytest.approx(2.0)
    if of_photographs == 0.0:
        assert (renders, photographs) == (pytest.approx(0.8 * (2 / gradient) ** 2), 1.0)


def test_what_comes_nearest_to_being_heard_is_named():
    found = matched(60, 2, [normal("a", 0.0, 1.0)], [(0.0, 1.0)])
    assert found.ended == NOTHING_HEARD and found.unheard.coordinate in ("a.mean", "a.std")
    assert abs(found.unheard.z) < 2 <= found.unheard.asked
    assert found.effective == found.unheard.renders < found.unheard.needed
    held = matched(60, 2, [normal("a", 0.0, 1.0)], [(0.0, 1.0)], held=torch.tensor([True, True]))
    assert held.unheard is None


def test_what_is_held_or_locked_stays():
    factors = [normal("a", 0.0, 1.0), normal("b", 0.0, 1.0, locked=True), normal("c", 0.0, 1.0)]
    held = torch.tensor([False, False, False, False, True, True])
    found = matched(300, 2, factors, [(0.8, 1.0)] * 3, held=held)
    start = Psi.from_factors(factors)
    assert found.psi.phi[0] > 0.5 and torch.equal(found.psi.phi[2:], start.phi[2:])


def test_where_labels_are_alone_they_decide_and_of_the_rest_features_do():
    """Features see both factors, and that the photographs' a is lower; labels, which see a alone, that it is higher."""
    factors = [normal("a", 0.0, 1.0), normal("b", 0.0, 1.0)]
    psi, draws, log_q, seen = world(300, 5, *factors)
    features = Distance(seen, photographs(60, 6, (-1.0, 1.0), (0.7, 1.0)))
    labels = Distance(seen[:, :1], photographs(60, 7, (0.5, 1.0)))
    together = match(psi, draws, log_q, [features, labels]).psi.plain()
    alone = torch.tensor([True, True, False, False])
    decided = match(psi, draws, log_q, [features], labels=labels, alone=alone).psi.plain()
    assert together["a"]["mean"][0] < 0.15 and decided["a"]["mean"][0] == pytest.approx(0.5, abs=0.25)
    assert decided["b"]["mean"][0] == pytest.approx(0.7, abs=0.25)


def test_it_ends_where_the_renders_reach_no_further():
    found = matched(200, 3, [normal("a", 0.0, 1.0)], [(6.0, 1.0)])
    assert found.ended == OUT_OF_REACH and 0.5 < found.psi.plain()["a"]["mean"][0] < 4.0
    assert found.effective >= 0.25 * 200


def test_categories_are_named_with_their_own_probabilities():
    factor = Factor("coin", "bernoulli", items=("off", "on"), start={"p": np.array([0.5, 0.5])})
    psi = Psi.from_factors([factor])
    drawn = [psi.sample(SampleKey(5, 0, k)) for k in range(400)]
    draws = {"coin": torch.from_numpy(np.stack([draw["coin"] for draw in drawn]))}
    shown = draws["coin"][:, 0].double()
    real = (torch.rand(80, 1, generator=torch.Generator().manual_seed(0)) < 0.85).double()
    found = match(psi, draws, psi.log_q(draws), [Distance(shown, real)])
    assert found.psi.plain()["coin"]["p"][1] == pytest.approx(real.mean().item(), abs=0.12)
    assert [(move.coordinate, move.start) for move in found.moves] == [("coin.p(on)", 0.5)]
    assert found.moves[0].end == pytest.approx(found.psi.plain()["coin"]["p"][1])


@pytest.mark.parametrize("freedom", [3, 8, 30, 300])
def test_few_renders_count_as_student_s_t_says(freedom):
    stats = pytest.importorskip("scipy.stats")
    t = torch.tensor([-5.0, -2.0, 0.5, 2.5, 4.0], dtype=torch.float64)
    exact = stats.norm.ppf(stats.t.cdf(t.numpy(), freedom))
    assert as_normal(t, freedom).numpy() == pytest.approx(exact, abs=0.03)
