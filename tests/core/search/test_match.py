"""Matching in the loop: AutoSimulate's first stage, left out where it is not wanted, and a method of its own."""

from types import SimpleNamespace

import pytest
import torch

from autosimulate_addon.core.loop import LoopConfig, State, optimize, with_control
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.search.match import MatchStage
from autosimulate_addon.core.search.method import Outcome
from autosimulate_addon.core.standin import StandIn, start_narrow_wrong, start_wide, validation_and_test
from autosimulate_addon.protocol.events import MATCHED

VALIDATION = validation_and_test(n_val=16, n_test=1)[0]


def state(start, beside=None, **settings):
    simulator = StandIn(start)
    config = LoopConfig(**{"images": 8, "epochs": 1, "ensemble_size": 1, "encoder": "filters", "device": "cpu",
                           **settings})
    return State(config, simulator, VALIDATION, Psi.from_factors(simulator.factors), beside=beside)


def mean(psi, name):
    return psi.plain()[name]["mean"][0]


@pytest.mark.parametrize("wanted", [True, False])
def test_autosimulate_matches_first_and_only_if_wanted(wanted):
    loop = state(start_narrow_wrong, iterations=2, match=wanted)
    control = State(loop.config.of_control(), loop.simulator.simulator, VALIDATION, loop.start, beside=loop)
    first, first_of_control = next(with_control(loop, control))
    assert (first.outcome.status == MATCHED) is wanted
    assert (mean(loop.psi, "key_energy") > 3 * mean(loop.start, "key_energy")) is wanted
    assert (first.val_loss < first_of_control.val_loss) is wanted        # the same seeds: equal where psi has not moved
    assert torch.equal(loop.best.phi, loop.psi.phi)
    assert loop.search.history == []


def test_the_hypergradient_goes_on_where_matching_ends():
    loop = state(start_wide, iterations=8, images=8)
    statuses = [iteration.outcome.status for iteration in optimize(loop)]
    assert statuses[0] == MATCHED and MATCHED not in statuses[2:] and loop.search.matching.over
    assert len(loop.search.history) >= 4


def test_as_a_method_it_never_asks_a_network():
    loop = state(start_wide, iterations=2, images=48, method="match")
    first, second = (iteration.outcome for iteration in optimize(loop))
    assert first.status == second.status == MATCHED and "cg_iterations" not in first.details
    assert second.details["renders"] == 96 and torch.equal(loop.final.phi, loop.psi.phi)
    assert len(loop.ensemble) == 1 and not torch.equal(loop.psi.phi, loop.start.phi)


def test_it_ends_where_the_renders_have_had_nothing_more_to_say_twice(monkeypatch):
    monkeypatch.setattr(MatchStage, "round", lambda self, context: (_left(self, next(rounds)), Outcome(MATCHED, {})))
    rounds = iter([False, True, False, True, True, True])
    loop = state(start_wide, iterations=6, images=2, method="match")
    assert len(list(optimize(loop))) == 5


def _left(stage, over):
    stage.over = over
    return SimpleNamespace(psi=Psi.from_factors(StandIn(start_wide).factors))


def test_a_head_leaves_to_the_photographs_what_its_hypergradient_does_not_speak_of():
    loop = state(start_narrow_wrong, iterations=8, images=16, learner="head", match_looks=False)
    matched = []
    for iteration in optimize(loop):
        details = iteration.outcome.details
        if inner := details.get("matched"):
            assert "agreement" in details and iteration.outcome.status != MATCHED
            matched.append({name for name, *_ in inner["moved"]})
            claimed = {name for name, own in zip(loop.start.named(), loop.search.claimed, strict=True)
                       if own and ".p(" not in name}                    # of a choice one moves all
            assert matched[-1] and not matched[-1] & claimed
    assert matched


@pytest.mark.parametrize(("method", "learner"), [("match", "network"), ("autosimulate", "network"),
                                                 ("autosimulate", "head")])
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(method, learner):
    settings = {"iterations": 5, "method": method, "learner": learner, "match_looks": False}
    whole, half = (state(start_narrow_wrong, **settings) for _ in range(2))
    list(optimize(whole))
    running = optimize(half)
    next(running), next(running), next(running)
    resumed = state(start_narrow_wrong, **settings)
    resumed.load_state_dict(half.state_dict())
    list(optimize(resumed))
    assert torch.equal(resumed.psi.phi, whole.psi.phi) and torch.equal(resumed.final.phi, whole.final.phi)
