"""A second task, learner or search method is one class and one row in its table."""

from __future__ import annotations

import pytest
import torch

from autosimulate_addon.core.learners import LEARNERS, NetworkLearner
from autosimulate_addon.core.loop import LoopConfig, State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.search import METHODS
from autosimulate_addon.core.search.base import Search
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.core.tasks import TASKS, Scores
from autosimulate_addon.protocol import InputError


class Coverage:
    """Regression of the share of the image that is foreground: no pixel classes, no instances in its targets."""

    name, metric, channels = "coverage", "1 - error", 1

    def __init__(self, classes, settings):
        self.classes = tuple(classes)

    def targets(self, labels, instances=None, boxes=None):
        return (labels > 0).float().mean((1, 2))

    def parts(self, outputs, targets):
        return (outputs.mean((1, 2, 3)) - targets).square()[:, None]

    def losses(self, outputs, targets):
        return self.parts(outputs, targets).sum(1)

    def credit(self, parts, instances, count):
        return parts.sum(1, keepdim=True).expand(-1, count) / count

    def influence(self, parts):
        return parts[:, :, None]

    def curvature(self, outputs, tangent, targets):
        size = outputs[0].numel()
        mean = tangent.mean((1, 2, 3), keepdim=True)
        return (2 * mean / size / len(targets)).expand_as(outputs)

    def statistics(self, targets):
        return targets[:, None]

    def statistics_groups(self):
        return {"foreground": torch.tensor([0])}

    def objective(self, batches, count, objective, metric_weight):
        return lambda outputs, targets: self.losses(outputs, targets).sum() / count

    def decision(self, batches):
        return torch.zeros(1)

    def evaluate(self, predict, images, targets, batch=32):
        with torch.no_grad():
            losses = self.losses(predict(images), targets)
        return Scores(losses.mean().item(), 1 - losses.sqrt().mean().item(), {})


class Lazy(NetworkLearner):
    """A network that is never trained."""

    def fit(self, store, training, seed, progress=lambda fraction: None):
        progress(1.0)


class Upwards(Search):
    """Steps along every coordinate."""

    def after_training(self, context, scores):
        self.move(context.psi.step(torch.full((context.psi.size,), 0.1, dtype=torch.float64)))


def run(**changes):
    torch.set_num_threads(1)
    simulator = StandIn()
    config = LoopConfig(iterations=4, images=4, epochs=1, ensemble_size=1, device="cpu", **changes)
    state = State(config, simulator, validation_and_test(n_val=4, n_test=1)[0], Psi.from_factors(simulator.factors))
    return state, list(optimize(state))


def test_a_task_is_a_row(monkeypatch):
    monkeypatch.setitem(TASKS, "coverage", Coverage)
    state, iterations = run(task="coverage")
    assert state.ensemble[0].network.head.out_channels == 1
    assert not torch.equal(state.psi.phi, state.start.phi) and state.task.metric == "1 - error"
    assert all(0 <= iteration.val_loss < 100 and iteration.val_metric <= 1 for iteration in iterations)


def test_a_learner_is_a_row(monkeypatch):
    monkeypatch.setitem(LEARNERS, "lazy", Lazy)
    _, iterations = run(learner="lazy", method="none")
    assert len({iteration.val_loss for iteration in iterations}) == 1


def test_a_search_method_is_a_row(monkeypatch):
    monkeypatch.setitem(METHODS, "upwards", Upwards)
    state, iterations = run(method="upwards")
    assert len(iterations) == len(state.search.history) == 4
    assert not torch.equal(state.psi.phi, state.start.phi)


@pytest.mark.parametrize("name", ["task", "learner", "method"])
def test_a_name_without_a_row_is_refused(name):
    with pytest.raises(InputError, match="nonsense"):
        LoopConfig(**{name: "nonsense"})
