"""Steps that are worth their evidence: what is noise stays, what is heard moves."""

from itertools import product
from types import SimpleNamespace

import pytest
import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.search.autosimulate import QUIET, AutoSimulate, AutoSimulateOptions, StepOptions
from autosimulate_addon.core.search.evidence import BY_CHANCE, weigh
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.protocol import Factor
from autosimulate_addon.protocol.events import Iteration
from autosimulate_addon.run.report import agreement as agreement_words


def found(gradient, opposed=None):
    """An estimate from 100 draws: the noise of each coordinate is .1."""
    gradient = torch.as_tensor(gradient, dtype=torch.float64)
    agreement = SimpleNamespace(opposed=torch.zeros(len(gradient), dtype=torch.bool) if opposed is None else opposed)
    return SimpleNamespace(gradient=gradient, variance=torch.full_like(gradient, 0.01), effective=100.0,
                           agreement=agreement)


def test_noise_alone_is_rarely_heard():
    generator = torch.Generator().manual_seed(1)
    heard = [int(weigh(found(0.1 * torch.randn(66, generator=generator)), torch.ones(66, dtype=torch.bool)).heard.sum())
             for _ in range(400)]
    assert abs(sum(heard) / 400 - BY_CHANCE) < 0.15


def _shrunk_cosine(shared, effect, draws, w):
    """Of a shrunk estimate from so many draws among items with the true ``effect`` on w."""
    items = tuple(map(str, range(len(effect))))
    psi = Psi.from_factors([Factor("f", "categorical", items=items, start={"p": [1 / len(items)] * len(items)},
                                   shared=shared)])
    terms = psi.score({"f": draws[:, None, None]}) * (w - w.mean())[:, None]
    mean, variance = terms.mean(0), terms.var(0) / len(terms) + 1e-12
    z2 = mean.square() / variance
    return float(torch.cosine_similarity(psi.by_name(mean * z2 / (1 + z2)), effect, 0))


def test_what_items_have_in_common_is_heard_from_half_as_many_draws():
    rooms, distances, fine = (torch.tensor(each) for each in zip(*product(range(3), [0, 1, 2] * 3, range(2)),
                                                                 strict=True))
    effect = 0.4 * (rooms == 0).double() - (distances == 2).double() + 0.5 * fine.double()
    effect -= effect.mean()
    shared = tuple(tuple(each.tolist()) for each in (fine, rooms, distances))
    generator, alone, together, twice = torch.Generator().manual_seed(1), [], [], []
    for _ in range(40):
        draws = torch.randint(len(effect), (160,), generator=generator)
        w = effect[draws] + torch.randn(160, generator=generator, dtype=torch.float64)
        alone.append(_shrunk_cosine((), effect, draws[:80], w[:80]))
        together.append(_shrunk_cosine(shared, effect, draws[:80], w[:80]))
        twice.append(_shrunk_cosine((), effect, draws, w))
    alone, together, twice = (sum(each) / len(each) for each in (alone, together, twice))
    assert together > alone + 0.08 and together > twice - 0.05


def test_single_items_move_together_or_not_at_all():
    psi = Psi.from_factors([Factor("f", "categorical", items=tuple("abcdef"), start={"p": [1 / 6] * 6},
                                   shared=((0, 0, 0, 1, 1, 1),))])
    rest = psi.rests[0]
    assert rest.tolist() == [False, False, True, True, True, True]      # what changes nothing, the group, four items
    variance = torch.full((6,), 0.01, dtype=torch.float64)
    steps = []
    for size in (0.09, 0.3):        # of each item: one is loud by chance, all are loud
        search = AutoSimulate(psi, AutoSimulateOptions(step=StepOptions(momentum=0.0)))
        gradient = torch.where(rest, size, 0.0).double()
        gradient[1], gradient[2] = 0.3, max(size, 0.1)
        steps.append(search._step(gradient, variance, 0.0))
    assert steps[0][1] == steps[1][1] > 0
    assert (steps[0][rest] == 0).all() and (steps[1][rest] > 0).all()


def test_what_stands_out_moves_and_where_the_photographs_disagree_nothing_does():
    gradient = [0.9, -0.9, 0.9, 0.9, *[0.1] * 20]
    opposed = torch.zeros(24, dtype=torch.bool)
    opposed[2] = True
    free = torch.ones(24, dtype=torch.bool)
    free[3] = False
    evidence = weigh(found(gradient, opposed), free)
    assert evidence.heard.tolist() == [True, True] + [False] * 22
    assert 0.7 < evidence.gradient[0] < 0.9 and evidence.gradient[1] == -evidence.gradient[0]
    assert (evidence.gradient[2:] == 0).all()
    # an effect of just the size that so many renders make heard
    count = evidence.renders_needed(0.2)
    assert 0.2 * count**0.5 >= evidence.threshold > 0.2 * (count - 1)**0.5


def test_what_is_below_the_threshold_moves_with_all_others_or_not_at_all():
    free, rest = torch.ones(24, dtype=torch.bool), torch.arange(24) >= 12
    gradient = torch.where(rest, 0.2, 0.1)                              # 2 and 1 standard errors
    gradient[0] = 0.9
    evidence = weigh(found(gradient), free, (rest,))
    assert evidence.heard.tolist() == [True] + [False] * 23
    assert (evidence.gradient[1:12] == 0).all() and evidence.gradient[0] > 0.8
    assert evidence.gradient[12:].tolist() == pytest.approx([0.2 * (1 - 1 / 4)] * 12, rel=0.05)
    alike = weigh(found(gradient), free).gradient                       # as one pool: less stands out of more
    assert 0 < alike[12] < evidence.gradient[12] and alike[1] > 0
    opposed = rest.clone()
    assert (weigh(found(gradient, opposed), free, (rest,)).gradient[12:] == 0).all()
    generator = torch.Generator().manual_seed(1)
    noise = (weigh(found(0.1 * torch.randn(66, generator=generator)), torch.ones(66, dtype=torch.bool))
             for _ in range(200))
    assert sum(int((each.gradient != 0).sum()) > 5 for each in noise) < 0.2 * 200


def test_a_run_in_which_nothing_is_heard_leaves_psi_and_says_how_many_renders_it_takes():
    torch.set_num_threads(1)
    simulator = StandIn()
    config = LoopConfig(learner="head", encoder="filters", device="cpu", images=4, iterations=9, match=False,
                        evidence=True, step=StepOptions(warmup=0, patience=2))
    validation, start = validation_and_test(n_val=4, n_test=1)[0], Psi.from_factors(simulator.factors)
    state = State(config, simulator, validation, start)
    iterations = list(optimize(state))
    assert len(iterations) == 2 and state.search.over
    resumed = State(config, simulator, validation, start)
    resumed.load_state_dict(state.state_dict())
    assert not list(optimize(resumed))
    for iteration in iterations:
        assert iteration.outcome.status == QUIET and iteration.outcome.details["renders_needed"] > 100
        agreement = iteration.outcome.details["agreement"]
        assert -1 <= agreement["renders"] <= 1 and -1 <= agreement["photographs"] <= 1
        assert any(low < 0 < high for low, high in agreement["intervals"].values())
    assert torch.equal(state.final.phi, state.start.phi)
    assert "ended after 2 of 9 iterations" in agreement_words.over(
        [Iteration(i.iteration, i.images, details=i.outcome.details) for i in iterations], 9)


@pytest.mark.parametrize("approximation", ["linear", "no-validation"])
def test_halves_are_asked_of_a_network_in_the_last_iteration(approximation):
    torch.set_num_threads(1)
    simulator = StandIn()
    config = LoopConfig(device="cpu", images=4, iterations=3, match=False, epochs=1, ensemble_size=2, replay=8,
                        approximation=approximation, step=StepOptions(warmup=1))
    state = State(config, simulator, validation_and_test(n_val=4, n_test=1)[0], Psi.from_factors(simulator.factors))
    warmup, second, last = (iteration.outcome.details for iteration in optimize(state))
    assert not warmup and set(second["agreement"]) == {"intervals", "networks"}
    cosines = {name: value for name, value in last["agreement"].items() if name != "intervals"}
    assert all(-1 <= value <= 1 for value in cosines.values())
    assert ("photographs" in cosines) is ("renders" in cosines) is (approximation == "linear")
    assert set(last["agreement"]["intervals"]) <= set(state.start.named())
