"""Steps that are worth their evidence: what is noise stays, what is heard moves."""

from types import SimpleNamespace

import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.search.autosimulate import QUIET, StepOptions
from autosimulate_addon.core.search.evidence import BY_CHANCE, weigh
from autosimulate_addon.core.standin import StandIn, validation_and_test


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


def test_a_run_in_which_nothing_is_heard_leaves_psi_and_says_how_many_renders_it_takes():
    torch.set_num_threads(1)
    simulator = StandIn()
    config = LoopConfig(learner="head", encoder="filters", device="cpu", images=4, iterations=2, match=False,
                        step=StepOptions(evidence=True, warmup=0))
    state = State(config, simulator, validation_and_test(n_val=4, n_test=1)[0], Psi.from_factors(simulator.factors))
    for iteration in optimize(state):
        assert iteration.outcome.status == QUIET and iteration.outcome.details["renders_needed"] > 100
        agreement = iteration.outcome.details["agreement"]
        assert -1 <= agreement["renders"] <= 1 and -1 <= agreement["photographs"] <= 1
        assert any(low < 0 < high for low, high in agreement["intervals"].values())
    assert torch.equal(state.final.phi, state.start.phi)
