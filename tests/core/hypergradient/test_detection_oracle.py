"""The composed estimate in detection against the slow and obvious way: train to convergence at psi a little to either
side. As in ``test_oracle``; the inner problem is a linear detector."""

import itertools

import numpy as np
import pytest
import torch

from autosimulate_addon.core.hypergradient.estimate import estimate
from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.hypergradient.validation import Validation
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.tasks.detection import DetectionTask
from autosimulate_addon.protocol import Layer, Render, SampleKey
from tests.core.hypergradient.retraining import assert_derivative_of_retraining
from tests.core.hypergradient.test_oracle import EXACT, FACTORS, P

HEIGHT, WIDTH, L2 = 8, 10, 0.02
FOCAL = DetectionTask(("background", "cube", "ball"), least_side=1)


class Detector:
    """Outputs of a pixel: linear in its colour and in a product of colours."""

    def __init__(self, flat):
        self.theta = {"weight": flat.reshape(5, FOCAL.channels)}

    def outputs(self, theta, images):
        x = images.double()
        features = torch.cat([x, x[:, :1] * x[:, 1:2], torch.ones_like(x[:, :1])], 1)
        return torch.einsum("kfhw,fc->kchw", features, theta["weight"])

    def regulariser(self, theta):
        return L2 * theta["weight"].square().sum()


def render(values, generator):
    """Two objects that are brighter in the colour of ``values[0]``; which classes they are depends on the material."""
    image = 0.5 * generator.random((1, HEIGHT, WIDTH, 3))
    instances = np.zeros((HEIGHT, WIDTH), np.uint16)
    for index in (1, 2):
        x, y = generator.integers(0, WIDTH - 3), generator.integers(0, HEIGHT - 3)
        instances[y:y + 2 + index, x:x + 3] = index
    image[0, instances > 0, values[0]] += 0.4
    labels = np.array([0, 1 + values[1] % 2, 2])[instances]
    return {"image": image.astype(np.float16), "labels": labels.astype(np.uint8), "instances": instances}


class Problem:
    """Renders of all values, in psi's proportions, and validation images that no psi gives."""

    def __init__(self, task):
        torch.set_num_threads(1)
        generator, self.task, self.theta = np.random.default_rng(3), task, None
        self.psi = Psi.from_factors(FACTORS)
        self.store = RenderStore(FACTORS, [Layer("sun")])
        renders = []
        for values in itertools.product(*(range(len(p)) for p in P.values())):
            draw = {key: np.array([[value]]) for key, value in zip(P, values, strict=True)}
            made = render(values, generator)
            renders += [Render(SampleKey(0, 0, len(renders) + k), draw, made["image"], np.ones((1, 3), np.float32),
                               made["labels"], made["instances"])
                        for k in range(round(16 * P["place"][values[0]] * P["material"][values[1]]))]
        self.batch = self.store.add(renders, self.psi)
        self.images, self.targets = self.store.images(self.batch), self.store.targets(task, self.batch)
        real = [render((1, 0), generator) for _ in range(4)]
        labels, instances = (torch.from_numpy(np.stack([each[name].astype(np.int32) for each in real]))
                             for name in ("labels", "instances"))
        images = torch.from_numpy(np.concatenate([each["image"] for each in real])).permute(0, 3, 1, 2).double()
        self.validation = Validation(images, task.targets(labels, instances))
        self.theta = self.trained(self.psi, steps=14)

    def trained(self, psi, steps=3):
        """theta* at ``psi``, by Newton's steps from that of the problem's own psi."""
        weights = (psi.log_q(self.store.draws) - self.psi.log_q(self.store.draws)).exp() / len(self.store)
        flat = torch.zeros(5 * FOCAL.channels, dtype=torch.float64) if self.theta is None else self.theta

        def loss(flat):
            model = Detector(flat)
            losses = self.task.losses(model.outputs(model.theta, self.images), self.targets)
            return (weights * losses).sum() + model.regulariser(model.theta)

        for step in range(steps):
            hessian = torch.func.hessian(loss)(flat)
            damping = 0.1 * 0.3 ** step if self.theta is None else 0.0
            flat = flat - torch.linalg.solve(hessian + damping * torch.eye(len(flat)), torch.func.grad(loss)(flat))
        assert torch.func.grad(loss)(flat).norm() < 1e-8
        return flat

    def validation_loss(self, psi, objective):
        model = Detector(self.trained(psi))
        outputs = model.outputs(model.theta, self.validation.images)
        share = self.task.objective([(outputs, self.validation.targets)], len(self.validation), objective, 0.0)
        return share(outputs, self.validation.targets)


@pytest.mark.parametrize("task", [DetectionTask(FOCAL.classes, 1, focus, torch.inf) for focus in (0.0, 2.0)],
                         ids=["convex", "focal"])
def test_the_estimate_is_the_derivative_of_retraining(task, objective="calibrated"):
    problem = Problem(task)
    found = estimate(task, Detector(problem.theta), problem.store, problem.batch, problem.psi, problem.validation,
                     EstimatorOptions(objective=objective, **{**EXACT, "curvature": "ggn" if task.focus == 0
                                                              else "hessian"}), 1)
    assert found.direction.status == "converged"
    assert_derivative_of_retraining(found, problem.psi, lambda psi: problem.validation_loss(psi, objective), 1e-3)
