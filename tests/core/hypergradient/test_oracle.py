"""The composed estimate against the slow and obvious way: train to convergence at psi a little to either side.

A convex inner problem in float64 (multinomial logistic regression per pixel, with l2), two discrete factors, and
renders that hold each of their values as often as psi says, so that the mean over renders is the expectation.
"""

import itertools

import numpy as np
import pytest
import torch

from autosimulate_addon.core.hypergradient.estimate import estimate
from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.hypergradient.validation import Validation
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.tasks.calibration import RIDGE, calibrate
from autosimulate_addon.core.tasks.segmentation import SegmentationTask
from autosimulate_addon.core.tasks.soft_miou import overlap
from autosimulate_addon.protocol import Factor, Layer, Render, SampleKey
from tests.core.hypergradient.retraining import assert_derivative_of_retraining

CLASSES, SIZE, L2 = 3, 5, 0.02
P = {"place": (0.25, 0.75), "material": (0.5, 0.25, 0.25)}
FACTORS = tuple(Factor(key, "categorical", items=tuple("abc"[:len(p)]), start={"p": np.array(p)})
                for key, p in P.items())
TASK = SegmentationTask(("background", "cube", "ball"))
#: Nothing approximate: no damping, no bound on w, all renders at once.
EXACT = dict(curvature="hessian", relative_damping=0.0, iterations=200, curvature_images=100, derivative="forward-mode",
             pathwise=False, replay=0, baseline=False, clip=1e9, relative=False, object_credit=False)


class Regression:
    """Logits of a pixel: linear in its colour and in a product of colours."""

    def __init__(self, theta):
        self.theta = theta

    def outputs(self, theta, images):
        x = images.double()
        features = torch.cat([x, x[:, :1] * x[:, 1:2]], 1)
        return torch.einsum("kfhw,fc->kchw", features, theta["weight"]) + theta["bias"][:, None, None]

    def regulariser(self, theta):
        return L2 * theta["weight"].square().sum()


def render(values, generator):
    image = generator.random((1, SIZE, SIZE, 3)).astype(np.float16)
    noise = generator.integers(0, CLASSES, (SIZE, SIZE))
    told = (image[0, ..., values[0]] > 0.5) * (1 + values[1] % 2)
    labels = np.where(generator.random((SIZE, SIZE)) < 0.6, told, noise)
    return {"image": image, "labels": labels.astype(np.uint8)}


class Problem:
    """Renders of all values, in psi's proportions, and validation images that no psi gives."""

    def __init__(self):
        torch.set_num_threads(1)
        generator = np.random.default_rng(3)
        self.psi = Psi.from_factors(FACTORS)
        self.values = list(itertools.product(*(range(len(p)) for p in P.values())))
        self.store = RenderStore(FACTORS, [Layer("sun")])
        renders = []
        for values in self.values:
            made = render(values, generator)
            times = round(16 * P["place"][values[0]] * P["material"][values[1]])
            draw = {key: np.array([[value]]) for key, value in zip(P, values, strict=True)}
            renders += [Render(SampleKey(0, 0, len(renders) + k), draw, made["image"], np.ones((1, 3), np.float32),
                               made["labels"], np.zeros((SIZE, SIZE), np.uint16)) for k in range(times)]
        self.batch = self.store.add(renders, self.psi)
        self.images = self.store.images(self.batch)
        self.targets = self.store.targets(TASK, self.batch)
        real = [render((1, 0), generator) for _ in range(4)]
        self.validation = Validation(torch.from_numpy(np.concatenate([each["image"] for each in real])).permute(
            0, 3, 1, 2).double(), torch.from_numpy(np.stack([each["labels"] for each in real])).long())

    def trained(self, psi):
        """theta* at ``psi``: the renders weigh what psi makes of their values."""
        weights = (psi.log_q(self.store.draws) - self.psi.log_q(self.store.draws)).exp() / len(self.store)
        flat = torch.zeros(5 * CLASSES, dtype=torch.float64)

        def loss(flat):
            theta = {"weight": flat[:4 * CLASSES].reshape(4, CLASSES), "bias": flat[4 * CLASSES:]}
            model = Regression(theta)
            return ((weights * TASK.losses(model.outputs(theta, self.images), self.targets)).sum()
                    + model.regulariser(theta) + 1e-6 * theta["bias"].square().sum())

        for _ in range(20):
            flat = flat - torch.linalg.solve(torch.func.hessian(loss)(flat), torch.func.grad(loss)(flat))
        return {"weight": flat[:4 * CLASSES].reshape(4, CLASSES), "bias": flat[4 * CLASSES:]}

    def validation_loss(self, psi, objective):
        theta = self.trained(psi)
        outputs, targets = Regression(theta).outputs(theta, self.validation.images), self.validation.targets
        if objective == "calibrated":
            calibration = TASK.calibration([(outputs, targets)])
            return TASK.losses(calibration(outputs), targets).mean() + RIDGE * calibration.bias.square().sum()
        metric = 0.5 * (1 - overlap(outputs, targets).miou) if objective == "soft-miou" else 0.0
        return TASK.losses(outputs, targets).mean() + metric


@pytest.fixture(scope="module")
def problem():
    return Problem()


@pytest.mark.parametrize("objective", ["raw", "soft-miou", "calibrated"])
def test_the_estimate_is_the_derivative_of_retraining(problem, objective):
    model = Regression(problem.trained(problem.psi))
    found = estimate(TASK, model, problem.store, problem.batch, problem.psi, problem.validation,
                     EstimatorOptions(objective=objective, **EXACT), 1)
    assert found.direction.status == "converged"
    assert_derivative_of_retraining(found, problem.psi, lambda psi: problem.validation_loss(psi, objective), 1e-4)


def test_no_other_calibration_is_better():
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(200, CLASSES + 1, generator=generator, dtype=torch.float64)
    noisy = logits + 4 * torch.randn(logits.shape, generator=generator)
    labels = noisy[:, :CLASSES].argmax(1)           # the last class never occurs
    weights = torch.rand(200, generator=generator, dtype=torch.float64) / 100
    best = calibrate([(logits[:90].T, labels[:90], weights[:90]), (logits[90:].T, labels[90:], weights[90:])])

    def loss(temperature, bias):
        losses = torch.nn.functional.cross_entropy(temperature * logits + bias, labels, reduction="none")
        return ((weights * losses).sum() + RIDGE * bias.square().sum()).item()

    least = loss(best.temperature, best.bias)
    assert 0.01 < best.temperature < 0.9 and least < loss(1.0, torch.zeros(CLASSES + 1)) - 0.1
    assert best.bias[CLASSES] < best.bias[:CLASSES].min() - 3
    for index in range(CLASSES + 2):
        for change in (-0.01, 0.01):
            bias = best.bias.clone()
            if index:
                bias[index - 1] += change
            assert loss(best.temperature + (0 if index else change), bias) > least


def test_logits_that_mislead_are_not_turned_round():
    labels = torch.arange(3).repeat(20)
    wrong = 5 * torch.nn.functional.one_hot((labels + 1) % 3, 3).double()
    found = calibrate([(wrong.T, labels, torch.full((60,), 1 / 60, dtype=torch.float64))])
    assert found.temperature == pytest.approx(0.01)
