"""The hybrid estimator on the stand-in: each part against the slow and obvious way."""

import pytest
import torch

from autosimulate_addon.core.hypergradient.directional_derivative import directional_derivative
from autosimulate_addon.core.hypergradient.estimator import (
    EstimatorOptions,
    Validation,
    estimate,
    training_curvature,
    validation_gradient,
)
from autosimulate_addon.core.hypergradient.influence import influence_map
from autosimulate_addon.core.hypergradient.parameters import dot, trainable_parameters
from autosimulate_addon.core.hypergradient.pathwise import less_luck, relightable, relit_derivatives
from autosimulate_addon.core.hypergradient.products import gradient
from autosimulate_addon.core.hypergradient.score_function import leave_one_out, score_terms, spread
from autosimulate_addon.core.networks import build
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.standin.simulator import StandIn
from autosimulate_addon.core.tasks.segmentation import SegmentationTask
from autosimulate_addon.core.tasks.soft_miou import overlap
from autosimulate_addon.core.tasks.task import losses_of, mean_loss_of
from autosimulate_addon.protocol import SampleKey


class Set:
    """A store with two generations, an untrained network, a direction."""

    def __init__(self):
        torch.set_num_threads(1)
        self.simulator = StandIn()
        self.psi = Psi.from_factors(self.simulator.factors)
        self.task = SegmentationTask(self.simulator.classes)
        self.store = RenderStore(self.simulator.factors, self.simulator.layers)
        for iteration in range(2):
            keys = [SampleKey(0, iteration, k) for k in range(6)]
            self.fresh = self.store.add(
                list(self.simulator.render([self.psi.sample(key) for key in keys], keys)), self.psi)
        torch.manual_seed(0)
        self.network = build("unet", 4, 4).eval()
        self.parameters = trainable_parameters(self.network)
        self.vector = {name: torch.randn_like(value) for name, value in self.parameters.items()}
        self.validation = Validation(self.store.images(torch.arange(6)), self.store.targets(self.task, torch.arange(6)))


@pytest.fixture(scope="module")
def s():
    return Set()


def test_lights_are_relightable_and_places_are_not(s):
    assert relightable(s.store) == ("key_energy", "fill_energy", "back_energy")


def test_w_is_the_dot_product_of_v_with_each_image_s_gradient(s):
    index = torch.arange(3)
    found = relit_derivatives(s.task, s.network, s.parameters, s.vector, s.store, index, s.psi, (), relights=1, seed=0)
    images, labels = s.store.images(index), s.store.targets(s.task, index)
    for k in range(3):
        own = gradient(mean_loss_of(s.task, s.network, images[k:k + 1], labels[k:k + 1]), s.parameters)
        assert found.w[k].item() == pytest.approx(dot(own, s.vector), rel=1e-4)


def test_pathwise_gradient_against_finite_differences_of_psi(s):
    """With a smooth model: the mean w under the same underlying random numbers, at psi a little to either side."""
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.SiLU(),
                                  torch.nn.Conv2d(5, 4, 3, padding=1)).double().eval()
    parameters = trainable_parameters(network)
    vector = {name: torch.randn_like(value) for name, value in parameters.items()}
    keys, index = relightable(s.store), torch.arange(4)

    class Double(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network

        def forward(self, images):
            return self.inner(images.double())

    outer = Double()
    parameters = {f"inner.{name}": value for name, value in parameters.items()}
    vector = {f"inner.{name}": value for name, value in vector.items()}

    def derivatives(psi):
        return relit_derivatives(s.task, outer, parameters, vector, s.store, index, psi, keys, relights=3, seed=5,
                                 differentiate=True)

    exact, h = derivatives(s.psi).gradients.mean(0), 1e-2
    for key in keys:
        for column in range(s.psi.slices[key].start, s.psi.slices[key].stop):
            u = torch.zeros(s.psi.size, dtype=torch.float64)
            u[column] = h
            numeric = (derivatives(s.psi.step(u)).w.mean() - derivatives(s.psi.step(-u)).w.mean()).item() / (2 * h)
            assert exact[column].item() == pytest.approx(numeric, abs=0.03 * exact.abs().max().item())
    others = [column for key, place in s.psi.slices.items() if key not in keys
              for column in range(place.start, place.stop)]
    assert exact[others].abs().max() == 0


def test_chunks_do_not_change_w(s):
    index = torch.arange(7)
    one, many = (relit_derivatives(s.task, s.network, s.parameters, s.vector, s.store, index, s.psi, (), relights=1,
                                   seed=0, chunk=chunk) for chunk in (64, 2))
    assert torch.allclose(one.w, many.w, rtol=1e-4)


def test_influence_map_sums_to_w(s):
    images, labels = s.store.images(torch.arange(5)), s.store.targets(s.task, torch.arange(5))
    w, _ = directional_derivative(losses_of(s.task, s.network, images, labels), s.parameters, s.vector)
    found = influence_map(s.task, s.network, s.vector, images, labels, chunk=2)
    assert found.shape == labels.shape
    assert torch.allclose(found.sum((1, 2)), w, rtol=1e-3, atol=1e-6)


def test_the_validation_gradient_is_that_of_loss_and_soft_miou(s):
    def objective(theta):
        logits = torch.func.functional_call(s.network, theta, (s.validation.images,))
        return (s.task.losses(logits, s.validation.targets).mean()
                + 20 * (1 - overlap(logits, s.validation.targets).miou))

    expected = gradient(objective, s.parameters)
    for chunk in (64, 4):
        found = validation_gradient(s.task, s.network, s.parameters, s.validation, chunk, metric_weight=20.0)
        assert all(torch.allclose(found[name], expected[name], rtol=1e-3, atol=1e-6) for name in expected)
    alone = validation_gradient(s.task, s.network, s.parameters, s.validation)
    assert dot(alone, alone) < 0.9 * dot(expected, expected)


def test_validation_gradient_and_curvature_do_not_depend_on_chunks(s):
    one, many = (validation_gradient(s.task, s.network, s.parameters, s.validation, chunk) for chunk in (64, 4))
    assert all(torch.allclose(one[name], many[name], rtol=1e-3, atol=1e-6) for name in one)
    for curvature in ("ggn", "hessian"):
        one, many = (training_curvature(s.task, s.network, s.parameters, s.validation.images, s.validation.targets,
                                        curvature, chunk)(s.vector) for chunk in (64, 4))
        assert all(torch.allclose(one[n], many[n], rtol=1e-3, atol=1e-4 * one[n].abs().max().item()) for n in one)


@pytest.mark.parametrize("options", [
    EstimatorOptions(), EstimatorOptions(scored=24), EstimatorOptions(pathwise=False),
    EstimatorOptions(scored=0),
    EstimatorOptions(object_credit=False), EstimatorOptions(curvature="hessian"), EstimatorOptions(scored=8),
    EstimatorOptions(relit=4, curvature_images=3), EstimatorOptions(derivative="forward-mode"),
    EstimatorOptions(baseline=False), EstimatorOptions(validation_images=3),
], ids=str)
def test_every_switch_gives_a_finite_estimate(s, options):
    found = estimate(s.task, s.network, s.store, s.fresh, s.psi, s.validation, options, 1)
    assert found.gradient.shape == (s.psi.size,) and torch.isfinite(found.gradient).all()
    assert (found.variance >= 0).all()
    assert found.derivative == options.derivative
    assert len(found.index) == (6 if not options.scored else len(found.index))
    assert len(found.index) <= 12


def test_central_differences_for_w_change_the_estimate_by_little(s):
    """In float32 on the real network: far less than another draw of lights does."""
    near, exact, other = (
        estimate(s.task, s.network, s.store, s.fresh, s.psi, s.validation, EstimatorOptions(derivative=derivative), seed)
        .gradient for derivative, seed in (("finite-difference", 1), ("forward-mode", 1), ("forward-mode", 2)))
    assert (near - exact).norm() < 0.05 * exact.norm() < (other - exact).norm()


def test_the_same_seed_gives_the_same_estimate_and_another_does_not(s):
    a, b, c = (estimate(s.task, s.network, s.store, s.fresh, s.psi, s.validation, EstimatorOptions(), seed).gradient
               for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_credit_goes_to_the_object_that_the_pixels_belong_to(s):
    """With the loss of one object's pixels alone, only that object's draws can get anything but its baseline."""
    options = EstimatorOptions(object_credit=True, clip=1e9)
    from autosimulate_addon.core.hypergradient.estimator import _score_terms

    index = torch.arange(12)
    pixels = torch.where(s.store.instances == 3, 1.0, 0.0).double()
    weights = torch.full((12,), 1 / 12, dtype=torch.float64)
    terms = _score_terms(s.store, index, s.psi, relightable(s.store), pixels, pixels.sum((1, 2)), weights, 1.0, options,
                         s.task)
    draws = {key: value[index] for key, value in s.store.draws.items()}
    expected = score_terms(s.psi.score_of_values("location", draws)[:, 2:3],
                           leave_one_out(pixels.sum((1, 2)), weights)[:, None])
    assert torch.allclose(terms[:, s.psi.slices["location"]], expected)


def test_leave_one_out_is_w_minus_the_mean_of_the_others():
    w = torch.tensor([1.0, 4.0, 10.0], dtype=torch.float64)
    equal = torch.full((3,), 1 / 3, dtype=torch.float64)
    assert torch.allclose(leave_one_out(w, equal), torch.tensor([-6.0, -1.5, 7.5], dtype=torch.float64))
    weights = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    assert leave_one_out(w, weights)[0].item() == pytest.approx(1.0 - 7.0)
    assert spread(torch.full((3,), 2.0), equal) < 1e-6


def test_control_variates_take_noise_away_and_leave_the_mean():
    """w = (s - 3)^2 / 2 with s = mu + sigma eps: d w / du = ((s - 3) sigma, (s - 3) sigma eps / sqrt 2)."""
    generator = torch.Generator().manual_seed(0)
    plain, less = [], []
    for _ in range(400):
        eps = torch.randn(48, generator=generator, dtype=torch.float64)
        sigma, slope = 0.5, 1.0 + 0.5 * eps - 3.0
        gradients = torch.stack([slope * sigma, slope * sigma * eps / 2**0.5], 1)
        scores = torch.stack([eps, (eps**2 - 1) / 2**0.5], 1)
        weights = torch.full((48,), 1 / 48, dtype=torch.float64)
        plain.append(gradients.mean(0))
        less.append(less_luck(gradients, scores, weights, [slice(0, 2)]).mean(0))
    plain, less = torch.stack(plain), torch.stack(less)
    exact = torch.tensor([-2.0 * 0.5, 0.5 * 0.5 / 2**0.5], dtype=torch.float64)
    assert torch.allclose(less.mean(0), exact, atol=0.02)
    assert less[:, 1].var() < 0.1 * plain[:, 1].var()
