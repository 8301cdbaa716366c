"""The hybrid estimator on the stand-in: each part against the slow and obvious way."""

import pytest
import torch

from autosimulate_addon.core.hypergradient import chunks
from autosimulate_addon.core.hypergradient.credit import Advantage, credited_score_terms
from autosimulate_addon.core.hypergradient.curvature import training_curvature
from autosimulate_addon.core.hypergradient.directional_derivative import directional_derivative
from autosimulate_addon.core.hypergradient.estimate import estimate
from autosimulate_addon.core.hypergradient.influence import influence_map
from autosimulate_addon.core.hypergradient.model import losses_of, mean_loss_of
from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.hypergradient.parameters import dot, trainable_parameters
from autosimulate_addon.core.hypergradient.pathwise import (
    Probe,
    Relighting,
    apply_control_variates,
    directional_derivatives,
    relightable,
)
from autosimulate_addon.core.hypergradient.products import gradient
from autosimulate_addon.core.hypergradient.score_function import leave_one_out, score_terms, std
from autosimulate_addon.core.hypergradient.validation import Validation, validation_gradient
from autosimulate_addon.core.networks import build
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.standin.simulator import StandIn
from autosimulate_addon.core.tasks.segmentation import SegmentationTask
from autosimulate_addon.core.tasks.soft_miou import overlap
from autosimulate_addon.protocol import SampleKey


class Module:
    """A module as a model: outputs in the dtype of its weights."""

    def __init__(self, network, decay=0.0):
        self.network, self.decay = network.eval(), decay
        self.theta = trainable_parameters(network)

    def outputs(self, theta, images):
        return torch.func.functional_call(self.network, theta, (images.to(next(iter(theta.values())).dtype),))

    def regulariser(self, theta):
        return self.decay * sum(value.square().sum() for value in theta.values())


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
            self.batch = self.store.add(
                list(self.simulator.render([self.psi.sample(key) for key in keys], keys)), self.psi)
        torch.manual_seed(0)
        self.model = Module(build("unet", 4, 4))
        self.parameters = self.model.theta
        self.vector = {name: torch.randn_like(value) for name, value in self.parameters.items()}
        self.probe = Probe(self.task, self.model, self.parameters, self.vector)
        self.validation = Validation(self.store.images(torch.arange(6)), self.store.targets(self.task, torch.arange(6)))


@pytest.fixture(scope="module")
def s():
    return Set()


def test_lights_are_relightable_and_places_are_not(s):
    assert relightable(s.store) == ("key_energy", "fill_energy", "back_energy")


def test_w_is_the_dot_product_of_v_with_each_image_s_gradient(s):
    index = torch.arange(3)
    found = directional_derivatives(s.probe, s.store, index, s.psi, Relighting())
    images, labels = s.store.images(index), s.store.targets(s.task, index)
    for k in range(3):
        own = gradient(mean_loss_of(s.task, s.model, images[k:k + 1], labels[k:k + 1]), s.parameters)
        assert found.w[k].item() == pytest.approx(dot(own, s.vector), rel=1e-4)


def test_pathwise_gradient_against_finite_differences_of_psi(s):
    """With a smooth model: the mean w under the same underlying random numbers, at psi a little to either side."""
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.SiLU(),
                                  torch.nn.Conv2d(5, 4, 3, padding=1)).double().eval()
    model, keys, index = Module(network), relightable(s.store), torch.arange(4)
    vector = {name: torch.randn_like(value) for name, value in model.theta.items()}

    def derivatives(psi):
        return directional_derivatives(Probe(s.task, model, model.theta, vector), s.store, index, psi,
                                       Relighting(keys, 3, 5, differentiate=True))

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


@pytest.fixture
def at_once(monkeypatch):
    """(most images at once, what to call) -> what it gives."""
    def call(count, function, *args):
        monkeypatch.setattr(chunks, "_MOST_IMAGES", count)
        assert chunks.images_at_once(1, 1) == count
        return function(*args)
    return call


def test_chunks_do_not_change_w(s, at_once):
    one, many = (at_once(count, directional_derivatives, s.probe, s.store, torch.arange(7), s.psi, Relighting())
                 for count in (64, 2))
    assert torch.allclose(one.w, many.w, rtol=1e-4)


def test_influence_map_sums_to_w(s, at_once):
    images, labels = s.store.images(torch.arange(5)), s.store.targets(s.task, torch.arange(5))
    w, _ = directional_derivative(losses_of(s.task, s.model, images, labels), s.parameters, s.vector)
    found = at_once(2, influence_map, s.task, s.model, s.vector, images, labels)
    assert found.shape == labels.shape
    assert torch.allclose(found.sum((1, 2)), w, rtol=1e-3, atol=1e-6)


def test_the_validation_gradient_is_that_of_loss_and_soft_miou(s, at_once):
    def objective(theta):
        logits = s.model.outputs(theta, s.validation.images)
        return (s.task.losses(logits, s.validation.targets).mean()
                + 20 * (1 - overlap(logits, s.validation.targets).miou))

    expected = gradient(objective, s.parameters)
    for count in (64, 4):
        found = at_once(count, validation_gradient, s.task, s.model, s.parameters, s.validation, "soft-miou", 20.0)
        assert all(torch.allclose(found[name], expected[name], rtol=1e-3, atol=1e-6) for name in expected)
    alone = validation_gradient(s.task, s.model, s.parameters, s.validation)
    assert dot(alone, alone) < 0.9 * dot(expected, expected)


def test_validation_gradient_and_curvature_do_not_depend_on_chunks(s, at_once):
    one, many = (at_once(count, validation_gradient, s.task, s.model, s.parameters, s.validation) for count in (64, 4))
    assert all(torch.allclose(one[name], many[name], rtol=1e-3, atol=1e-6) for name in one)
    for curvature in ("ggn", "hessian"):
        one, many = (at_once(count, training_curvature, s.task, s.model, s.parameters, s.validation.images,
                             s.validation.targets, curvature)(s.vector) for count in (64, 4))
        assert all(torch.allclose(one[n], many[n], rtol=1e-3, atol=1e-4 * one[n].abs().max().item()) for n in one)


@pytest.mark.parametrize("curvature", ["ggn", "hessian"])
def test_a_regulariser_counts_in_the_curvature(s, curvature):
    """Of decay |theta|^2 the Hessian is 2 decay I."""
    plain, decayed = (training_curvature(s.task, Module(s.model.network, decay), s.parameters, s.validation.images,
                                         s.validation.targets, curvature)(s.vector) for decay in (0.0, 3.0))
    assert all(torch.allclose(decayed[n] - plain[n], 6 * s.vector[n], rtol=1e-3, atol=1e-4) for n in plain)


@pytest.mark.parametrize("replay, renders", [(0, {6}), (6, {6}), (8, set(range(1, 9))), (128, {12})])
def test_replay_says_how_many_renders_w_is_taken_of(s, replay, renders):
    """The batch alone where it is enough; a resampled few of all; all twelve where there is room."""
    result = estimate(s.task, s.model, s.store, s.batch, s.psi, s.validation, EstimatorOptions(replay=replay), 1)
    assert len(result.index) in renders
    assert replay > 6 or torch.equal(result.index, s.batch)


def test_without_pathwise_lights_are_estimated_by_their_scores(s):
    def found(**change):
        return estimate(s.task, s.model, s.store, s.batch, s.psi, s.validation,
                        EstimatorOptions(relights=1, **change), 1).gradient

    lights = [column for key in relightable(s.store) for column in range(*s.psi.slices[key].indices(s.psi.size))]
    without = found(pathwise=False)
    assert (without[lights] != 0).all() and (found()[lights] != 0).all()
    assert not torch.allclose(without[lights], found()[lights])


def test_baseline_clip_and_credit_each_change_their_own_columns_only(s):
    def found(**change):
        options = EstimatorOptions(**change)
        return estimate(s.task, s.model, s.store, s.batch, s.psi, s.validation, options, 1).gradient

    default = found()
    lights = [column for key in relightable(s.store) for column in range(*s.psi.slices[key].indices(s.psi.size))]
    assert torch.equal(found(baseline=False)[lights], default[lights])
    assert not torch.equal(found(baseline=False), default)
    assert torch.equal(found(control_variates=False)[s.psi.slices["location"]], default[s.psi.slices["location"]])
    assert not torch.equal(found(control_variates=False)[lights], default[lights])
    whole = found(object_credit=False)
    assert not torch.equal(whole[s.psi.slices["location"]], default[s.psi.slices["location"]])
    assert torch.equal(whole[lights], default[lights])


def test_central_differences_for_w_change_the_estimate_by_little(s):
    """In float32 on the real network: far less than another draw of lights does."""
    near, exact, other = (
        estimate(s.task, s.model, s.store, s.batch, s.psi, s.validation, EstimatorOptions(derivative=method), seed)
        .gradient for method, seed in (("finite-difference", 1), ("forward-mode", 1), ("forward-mode", 2)))
    assert (near - exact).norm() < 0.05 * exact.norm() < (other - exact).norm()


def test_the_same_seed_gives_the_same_estimate_and_another_does_not(s):
    a, b, c = (estimate(s.task, s.model, s.store, s.batch, s.psi, s.validation, EstimatorOptions(), seed).gradient
               for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_credit_goes_to_the_object_that_the_pixels_belong_to(s):
    """With the loss of one object's pixels alone, only that object's draws can get anything but its baseline."""
    index = torch.arange(12)
    pixels = torch.where(s.store.instances == 3, 1.0, 0.0).double()
    weights = torch.full((12,), 1 / 12, dtype=torch.float64)
    rendered = [factor for factor in s.store.factors if factor.key not in relightable(s.store)]
    terms = credited_score_terms(s.task, s.store, index, s.psi, rendered, pixels, Advantage(weights, 1.0, clip=1e9),
                                 object_credit=True)
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
    assert std(torch.full((3,), 2.0), equal) < 1e-6


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
        less.append(apply_control_variates(gradients, scores, weights, [slice(0, 2)]).mean(0))
    plain, less = torch.stack(plain), torch.stack(less)
    exact = torch.tensor([-2.0 * 0.5, 0.5 * 0.5 / 2**0.5], dtype=torch.float64)
    assert torch.allclose(less.mean(0), exact, atol=0.02)
    assert less[:, 1].var() < 0.1 * plain[:, 1].var()
