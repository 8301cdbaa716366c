"""The convex head of detection: its problem against the task's own losses, its w against fitting again."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.features.sampled_cells import sample_cells
from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.learners import convex_regression, cross_fitting, make_learner
from autosimulate_addon.core.learners.box_samples import CentreSamples, SizeSamples
from autosimulate_addon.core.learners.convex_regression import ConvexRegression, outputs_of
from autosimulate_addon.core.learners.side_by_side import SideBySide
from autosimulate_addon.core.loop import State, optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.core.tasks.boxes import boxes_of_pixels
from autosimulate_addon.core.tasks.centre_grid import CentreGrid
from autosimulate_addon.core.tasks.detection import DetectionTask

SIMULATOR = StandIn()
VALIDATION, _ = validation_and_test(n_val=6, n_test=1)
START = Psi.from_factors(SIMULATOR.factors)


@pytest.fixture(scope="module")
def trained():
    """A run whose head was fitted to 12 renders in two iterations."""
    torch.set_num_threads(1)
    config = LoopConfig(learner="head", task="detection", encoder="filters", device="cpu", images=6, iterations=2,
                        seed=5, objective="calibrated")
    state = State(config, SIMULATOR, VALIDATION, START)
    return state, list(optimize(state))


def in_double(state):
    head = make_learner(state.config, state.task, 0)
    head.load_state_dict(state.ensemble[0].state_dict())
    head.vector, head.mean, head.std = head.vector.double(), head.mean.double(), head.std.double()
    return head


def test_its_problem_is_the_task_s_convex_loss(trained):
    """Of all cells, and (in the mean over draws) of some: losses of maps of outputs by the task itself."""
    state = trained[0]
    head, data = in_double(state), state.validation
    size = data.images.shape[-2:]
    maps = torch.cat([maps.double() for _, maps in head.small_outputs(head.theta, data)])
    task = DetectionTask(head.task.classes, head.task.least_side, 0.0, torch.inf, CentreGrid(*size))
    weights = torch.rand(len(data), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = (weights * task.losses(maps, data.targets)).sum().item()
    problem = head.problem_of(head.samples(head.photographed(data), weights))
    found = sum(each.samples.errors(outputs_of(each.samples.x, theta))[0].item()
                for each, theta in zip(problem.regressions, problem.split(head.vector), strict=True))
    assert head.photographed(data).share.shape[1] == CentreGrid(*size).rows * CentreGrid(*size).columns
    assert found == pytest.approx(expected, rel=2e-3) and expected > 1       # features are kept in half precision
    draws = []
    for draw in range(40):
        seeds = [100 * draw + index for index in range(len(data))]
        some = sample_cells(head.scales(data), data.targets, seeds, CentreGrid(*size), head.task.centres, cells=60)
        assert torch.allclose(some.share.sum(1), torch.full((len(data),), 192.0))
        for cut in (some, some.first(30)):
            samples = head.samples(cut, weights)
            draws.append(samples.centres.errors(outputs_of(samples.centres.x, problem.split(head.vector)[0]))[0].item())
    assert np.mean(draws) == pytest.approx(
        problem.regressions[0].samples.errors(outputs_of(problem.regressions[0].samples.x,
                                                         problem.split(head.vector)[0]))[0].item(), rel=0.03)


def test_two_boxes_with_one_centre_are_two_for_the_sizes_and_one_for_the_heat():
    boxes = boxes_of_pixels([np.float32([[1, 2, 2, 10, 10], [2, 3, 3, 9, 9], [1, 20, 12, 30, 22]])], 24, 32)
    found = sample_cells([torch.zeros(1, 2, 12, 16)], boxes, [3], CentreGrid(24, 32), 2)
    assert found.count.tolist() == [3] and found.there.sum() == 3
    assert sorted(found.share[0, :3].tolist()) == [0, 1, 1] and found.share.sum().item() == pytest.approx(192)
    assert (found.heat[0, :3] == 1).sum(1).tolist() == [1, 2, 2]      # the largest box first
    alone = found.places[0][found.share[0] > 0]
    assert len(alone.unique()) == len(alone) == 191 and alone.max() < 24 * 32


def test_both_regressions_are_solved_and_their_products_are_exact(monkeypatch):
    monkeypatch.setattr(convex_regression, "TOLERANCE", 1e-9)
    generator = torch.Generator().manual_seed(2)
    x, w = torch.randn(400, 6, generator=generator, dtype=torch.float64), torch.rand(400, 3, generator=generator)
    centre = (x[:, :3] + torch.randn(400, 3, generator=generator) > 2)
    sizes = x[:50, :4] + torch.randn(50, 4, generator=generator)
    problem = SideBySide([ConvexRegression(CentreSamples(x, centre, w.double()), 3, 0.1),
                          ConvexRegression(SizeSamples(x[:50], sizes, w[:50, 0].double()), 4, 0.1)])

    def loss(theta):
        heat, regressed = outputs_of(x, theta).split([3, 4], 1)
        logistic = torch.nn.functional.binary_cross_entropy_with_logits(heat - 2.19, centre.double(), w.double(),
                                                                        reduction="sum")
        return (logistic + (w[:50, :1] * (regressed[:50] - sizes).square()).sum() / 2
                + 0.1 * theta[:-1].square().sum())

    theta = problem.fit()
    assert torch.func.grad(loss)(theta).norm() < 1e-6 * torch.func.grad(loss)(0 * theta).norm()
    v = torch.randn(2, 7, 7, generator=generator, dtype=torch.float64)
    products = torch.cat([torch.func.jvp(torch.func.grad(loss), (theta,), (each,))[1] for each in v], 1)
    solved = problem.solve(theta, products, tolerance=1e-10)
    assert solved.status == "converged" and torch.allclose(solved.solution, torch.cat(list(v), 1), atol=1e-6)


def test_w_is_minus_the_derivative_of_the_calibrated_loss_by_a_render_s_weight(trained, monkeypatch):
    """In double precision, by fitting again with more and with less of one render."""
    monkeypatch.setattr(convex_regression, "TOLERANCE", 1e-9)
    state = trained[0]
    head, options = in_double(state), EstimatorOptions(objective="calibrated")
    sampled = head.sampled(state.store)
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


def test_an_approximation_takes_the_place_of_the_inverse(trained):
    """As asked: the validation gradient as it is, H times it (which the solver turns back), or no photograph."""
    state = trained[0]
    head, sampled = in_double(state), state.ensemble[0].sampled(state.store)
    equal = torch.full((len(sampled),), 1 / len(sampled), dtype=torch.float64)
    halves = {name: cross_fitting.fit_half(head, sampled, equal, state.validation, EstimatorOptions(
        objective="calibrated", approximation=name)) for name in (
            "quadratic", "linear", "approximate-quadratic", "no-validation")}
    theta = halves["linear"].theta
    g = cross_fitting.validation_gradients(head, theta, state.validation, EstimatorOptions(objective="calibrated"))
    assert all(torch.equal(found, own) for found, own in zip(halves["linear"].directions, g, strict=True))
    problem = head.problem(head.samples(sampled, equal))
    turned_back = problem.solve(theta, torch.cat(halves["approximate-quadratic"].directions, 1), 1e-6).solution
    assert torch.allclose(turned_back, torch.cat(g, 1), rtol=1e-3, atol=1e-4 * g[0].abs().max().item())
    assert torch.equal(halves["no-validation"].direction, torch.full_like(g[0], 2.0))
    assert not torch.allclose(halves["quadratic"].direction, halves["linear"].direction)


def test_what_is_taken_home_gives_the_head_s_outputs_and_boxes(trained):
    state = trained[0]
    head, data = state.ensemble[0], state.validation
    module = head.module()
    outputs = module(data.images[:3])
    assert torch.allclose(outputs, head.outputs(head.theta, data.images[:3]), atol=1e-4)
    assert torch.allclose(outputs, head.predict(data, torch.arange(3)), atol=0.02)     # maps are kept in half
    assert torch.equal(CentreGrid(*data.images.shape[-2:]).pool(outputs).repeat_interleave(2, 2).repeat_interleave(
        2, 3), outputs)
    assert outputs.abs().max() > 1 and head.evaluate(data).metric > 0.01
    odd = module(torch.rand(1, 3, 23, 31))
    assert odd.shape == (1, head.task.channels, 23, 31)
