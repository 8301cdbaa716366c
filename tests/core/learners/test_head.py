"""The convex head: its mathematics against the slow and obvious way, and its place in a run."""

import pytest
import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.evaluation import Evaluation, evaluate_from_scratch
from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.learners import Training, convex_regression, cross_fitting, make_learner
from autosimulate_addon.core.learners.convex_regression import ConvexRegression, outputs_of
from autosimulate_addon.core.learners.softmax_samples import SoftmaxSamples
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.protocol import InputError

SIMULATOR = StandIn()
VALIDATION, TEST = validation_and_test(n_val=6, n_test=6)
START = Psi.from_factors(SIMULATOR.factors)


def config(**changes):
    torch.set_num_threads(1)
    return LoopConfig(**{**dict(learner="head", encoder="filters", device="cpu", images=6, iterations=4, seed=5,
                                objective="calibrated"), **changes})


@pytest.fixture(scope="module")
def trained():
    """A run whose head was fitted to 12 renders in two iterations."""
    state = State(config(iterations=2), SIMULATOR, VALIDATION, START)
    return state, list(optimize(state))


def regression():
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(300, 6, generator=generator, dtype=torch.float64) @ torch.randn(6, 6, generator=generator,
                                                                                    dtype=torch.float64)
    y = (x[:, 0] + torch.randn(300, generator=generator, dtype=torch.float64) > 1).long() + (x[:, 1] > 2).long()
    w = torch.rand(300, generator=generator, dtype=torch.float64) / 300
    return ConvexRegression(SoftmaxSamples(x, y, w, 3), 3, 0.01)


def test_the_regression_is_solved_and_its_products_are_exact(monkeypatch):
    problem = regression()
    monkeypatch.setattr(convex_regression, "TOLERANCE", 1e-8)

    def loss(theta):
        losses = torch.nn.functional.cross_entropy(outputs_of(problem.samples.x, theta), problem.samples.y,
                                                   reduction="none")
        return (problem.samples.w * losses).sum() + problem.l2 * theta[:-1].square().sum()

    theta = problem.fit()
    assert torch.func.grad(loss)(theta).norm() < 1e-7 * torch.func.grad(loss)(0 * theta).norm()
    assert torch.allclose(problem.loss_and_gradient(0.5 * theta)[1], torch.func.grad(loss)(0.5 * theta))
    v = torch.randn(7, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    v -= v.mean(1, keepdim=True)            # biases that are all the same change nothing
    product = torch.func.jvp(torch.func.grad(loss), (theta,), (v,))[1]
    assert torch.allclose(problem.hessian_product(theta)(v), product)
    solved = problem.solve(theta, product, tolerance=1e-10)
    assert solved.status == "converged" and torch.allclose(solved.solution, v, atol=1e-6)
    both = problem.solve(theta, torch.cat([product, -2 * product], 1), tolerance=1e-10).solution
    assert torch.allclose(both, torch.cat([v, -2 * v], 1), atol=1e-5)


def test_outputs_are_linear_in_the_features(trained):
    head, images = trained[0].ensemble[0], trained[0].validation.images[:3]
    features = (head.encoder(images) - head.mean[:, None, None]) / head.std[:, None, None]
    expected = torch.einsum("kdhw,dc->kchw", features, head.theta["weight"]) + head.theta["bias"][:, None, None]
    expected = torch.nn.functional.interpolate(expected, images.shape[-2:], mode="bilinear", align_corners=False)
    assert torch.allclose(head.outputs(head.theta, images), expected, atol=1e-4)
    assert expected.abs().max() > 1
    scores = head.task.evaluate(lambda x: head.outputs(head.theta, x), trained[0].validation.images,
                                trained[0].validation.targets)
    assert head.evaluate(trained[0].validation).loss == pytest.approx(scores.loss, rel=1e-3)


def test_w_is_minus_the_derivative_of_the_calibrated_loss_by_a_render_s_weight(trained, monkeypatch):
    """In double precision, by fitting again with more and with less of one render."""
    monkeypatch.setattr(convex_regression, "TOLERANCE", 1e-9)
    state = trained[0]
    head = make_learner(state.config, state.task, 0)
    head.load_state_dict(state.ensemble[0].state_dict())
    head.vector, head.mean, head.std = head.vector.double(), head.mean.double(), head.std.double()
    sampled, options = head.sampled(state.store), EstimatorOptions(objective="calibrated")
    equal = torch.full((len(sampled),), 1 / len(sampled), dtype=torch.float64)
    half = cross_fitting.fit_half(head, sampled, equal, state.validation, options)
    w = cross_fitting.pixel_derivatives(head, half, sampled, state.store.labels.shape[-2:]).sum((0, 2, 3))

    def loss(weights):
        head.vector = head.problem(head.samples(sampled, weights)).fit(head.vector)
        return head.calibrated_loss(state.validation)

    for row in (0, 7):
        change = torch.zeros_like(equal)
        change[row] = 1e-3
        numeric = (loss(equal + change) - loss(equal - change)) / 2e-3
        assert w[row].item() == pytest.approx(-numeric, rel=0.02, abs=0.01 * w.abs().max().item())


def test_no_render_is_scored_by_a_head_that_saw_it(trained, monkeypatch):
    state, seen, scored = trained[0], [], []
    fit_half, pixel_derivatives = cross_fitting.fit_half, cross_fitting.pixel_derivatives
    monkeypatch.setattr(cross_fitting, "fit_half", lambda head, sampled, *rest: (
        seen.append(sampled.features), fit_half(head, sampled, *rest))[1])
    monkeypatch.setattr(cross_fitting, "pixel_derivatives", lambda head, half, sampled, size: (
        scored.append(sampled.features), pixel_derivatives(head, half, sampled, size))[1])
    found = state.ensemble[0].estimate(state.store, torch.arange(6, 12), START, state.validation,
                                       state.config.estimator_options, 0)
    assert len(found.w) == sum(len(each) for each in scored) == 12
    for ours, theirs in zip(seen, scored, strict=True):
        assert not any(torch.equal(a, b) for a in ours for b in theirs)
    assert found.direction.status == "converged" and found.direction.relative_residual <= 1e-3
    assert -1 <= found.agreement.renders <= 1 and -1 <= found.agreement.photographs <= 1


def test_an_interrupted_run_goes_on_bitwise():
    settings = config(images=16)            # of fewer nothing is told from noise, and psi stays
    state = State(settings, SIMULATOR, VALIDATION, START)
    iterations = optimize(state)
    for _ in range(2):
        next(iterations)
    saved = state.state_dict()
    expected = [iteration.val_loss for iteration in iterations]
    again = State(settings, SIMULATOR, VALIDATION, START)
    again.load_state_dict(saved)
    assert [iteration.val_loss for iteration in optimize(again)] == expected
    assert torch.equal(again.psi.phi, state.psi.phi) and not torch.equal(again.psi.phi, START.phi)


def test_training_teaches_it_and_judges_learn_from_different_renders():
    found = evaluate_from_scratch(config(), SIMULATOR, START, Evaluation(30, 1, VALIDATION, TEST, 3))
    assert len(set(found["losses"])) == 3
    untrained = make_learner(config(), State(config(), SIMULATOR, VALIDATION, START).task, 0)
    state = State(config(), SIMULATOR, TEST, START)
    assert found["loss"] < 0.6 * untrained.evaluate(state.validation).loss


def test_without_validation_images_it_takes_the_usual_l2(trained):
    state = trained[0]
    head = make_learner(state.config, state.task, 0)
    head.fit(state.store, Training(START, torch.arange(6), 1), 0)
    assert head.l2 > 0 and head.vector.abs().max() > 0


def test_another_task_is_refused():
    class Other:
        name = "coverage"

    with pytest.raises(InputError, match="--learner network"):
        make_learner(config(), Other(), 0)
