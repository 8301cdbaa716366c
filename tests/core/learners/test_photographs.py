"""Labelled photographs that are trained on beside the renders."""

import pytest
import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.evaluation import Evaluation, as_validation, evaluate_from_scratch
from autosimulate_addon.core.learners import Photographs, Training, convex_regression, make_learner
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.core.tasks import make_task

SIMULATOR = StandIn()
VALIDATION, REAL = validation_and_test(n_val=6, n_test=6)
START = Psi.from_factors(SIMULATOR.factors)


def config(learner="head", **changes):
    torch.set_num_threads(1)
    return LoopConfig(**{**dict(learner=learner, encoder="filters", device="cpu", images=6, iterations=2, seed=5,
                                epochs=1, ensemble_size=1), **changes})


@pytest.fixture(scope="module")
def state():
    found = State(config(iterations=1), SIMULATOR, VALIDATION, START)
    list(optimize(found))
    return found


def _head(state, share, rows):
    head = make_learner(state.config, state.task, 0)
    if share:
        head.photographs = Photographs(as_validation(state.task, REAL, head.device), share)
    head.fit(state.store, Training(START, rows, 1, from_scratch=True), 0)
    return head


def test_the_head_is_fitted_to_both_and_half_of_the_weight_is_the_photographs(state, monkeypatch):
    monkeypatch.setattr(convex_regression, "TOLERANCE", 1e-6)
    some, others = torch.arange(3), torch.arange(3, 6)
    real = as_validation(state.task, REAL, torch.device("cpu"))
    losses = {share: _head(state, share, some).evaluate(real).loss for share in (0, 0.5, 1.0)}
    assert losses[1.0] < losses[0.5] < losses[0]
    # Alone they say the same beside any renders, together they do not.
    assert torch.equal(_head(state, 1.0, some).vector, _head(state, 1.0, others).vector)
    head = _head(state, 0.5, some)
    assert not torch.allclose(head.vector, _head(state, 0.5, others).vector, atol=1e-2)
    samples = head.problem(head.samples(head.sampled(state.store).rows(some), torch.full((3,), 1 / 3))).samples
    pixels = len(samples) // (3 + len(REAL))
    weight = [samples.w[:3 * pixels].sum(), samples.w[3 * pixels:].sum()]
    alone = _head(state, 0, some)
    whole = alone.samples(alone.sampled(state.store).rows(some), torch.full((3,), 1 / 3)).w.sum()
    assert weight[0].item() == pytest.approx(0.5 * whole.item(), rel=1e-5) and weight[1] > 0


def test_a_network_sees_them_in_every_batch():
    task = make_task("segmentation", SIMULATOR.classes)
    settings = config("network", batch_size=4)
    network = make_learner(settings, task, 1)
    network.photographs = Photographs(as_validation(task, REAL, network.device))
    run = State(config("network", method="none", iterations=1), SIMULATOR, VALIDATION, START)
    list(optimize(run))
    seen = []
    network.network.register_forward_hook(lambda module, images, output: seen.append(images[0].detach()))
    network.fit(run.store, Training(START, torch.arange(6), 3, from_scratch=False), 0)
    known = network.photographs.data.images
    assert [sum(any(torch.equal(image, each) for each in known) for image in batch) for batch in seen] == [2, 2, 2]
    assert all(len(batch) == 4 for batch in seen)


def test_a_run_and_its_judges_train_on_them():
    both = State(config(), SIMULATOR, VALIDATION, START, real=REAL)
    alone = State(config(), SIMULATOR, VALIDATION, START)
    assert [each.val_loss for each in optimize(both)] != [each.val_loss for each in optimize(alone)]
    scores = {name: evaluate_from_scratch(config(), SIMULATOR, START, Evaluation(8, 1, VALIDATION, REAL, **how))
              for name, how in (("synthetic", {}), ("both", {"real": REAL}),
                                ("real", {"real": REAL, "real_share": 1.0}))}
    assert max(scores["real"]["loss"], scores["both"]["loss"]) < scores["synthetic"]["loss"]
