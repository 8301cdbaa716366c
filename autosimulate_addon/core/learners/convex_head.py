"""A convex learner: frozen features of a pretrained encoder, and on them linear outputs under a convex loss.

theta-hat is unique: what it says of psi is a property of the renders and of psi, not of a training run.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..features.encoder import Encoder, shared_encoder
from ..features.sampled import AT_ONCE, features_of
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..randomness import derive_seed
from ..renders import RenderStore
from ..tasks.task import Parameters, Scores, Task
from .convex_regression import Problem
from .head_network import linear_map
from .learner import Photographs, Training

#: From strong to weak; the one whose calibrated loss on the validation images is least. On standardised features.
L2 = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
#: Samples that the choice is made on, and how far its fits go (see ``ConvexRegression.fit``).
CHOOSING_SAMPLES, CHOOSING_TOLERANCE = 50_000, 1e-2
#: Without validation images.
USUAL_L2 = 3e-3
#: The most samples of a fit: some of each render are left out beyond.
MOST_SAMPLES = 400_000


class ConvexHead(ABC):
    """What heads have in common, whatever their task.

    theta: "weight" (channels of the encoder, channels of the task) and "bias" (channels of the task,), of standardised
    features. Renders count as they were drawn, each with its importance weight at the present psi, so that all of them
    serve. Photographs, where there are some to train on, are part of the one problem, and of its Hessian.
    """

    photographs: Photographs | None = None
    l2_grid = L2

    def __init__(self, settings: Any, task: Task, seed: int) -> None:
        """``settings``: a ``LoopConfig``, of which it reads the encoder and the device. ``seed`` has no use."""
        self.settings, self.task, self.device = settings, task, settings.torch_device()
        self.encoder: Encoder = shared_encoder(settings.encoder, settings.encoder_module, str(self.device))
        self._start()

    def _start(self) -> None:
        self.vector = torch.zeros(self.encoder.channels + 1, self.task.channels, device=self.device)
        self.mean, self.std = (make(self.encoder.channels, device=self.device) for make in (torch.zeros, torch.ones))
        self.l2 = 0.0                   # 0: still to be chosen

    # -- what a task's head is -------------------------------------------------------------------------------------

    @abstractmethod
    def sample(self, scales: list[Tensor], targets: Tensor, seeds: list[int], size: torch.Size) -> Any:
        """What is looked at of images of ``size`` (height, width): a ``features.sampled.Sampler``."""

    @property
    @abstractmethod
    def looks_at(self) -> Any:
        """Names what ``sample`` takes of an image (see ``features_of``)."""

    @abstractmethod
    def moments(self, sampled: Any, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(what of an image's loss each sample stands for (n,), features (n, D)), for images' ``weights`` (n,)."""

    @abstractmethod
    def samples(self, sampled: Any, weights: Tensor) -> Any:
        """The samples of the problem: an image's loss is the task's, and counts by its weight (n,)."""

    @abstractmethod
    def problem_of(self, samples: Any) -> Problem:
        """At the present l2."""

    @abstractmethod
    def derivatives(self, theta: Tensor, directions: list[Tensor], sampled: Any) -> tuple[Tensor, Tensor]:
        """(v . grad l at theta (directions, n, samples), of each sample for all that it stands for; the sample's place
        (n, samples) in the flat image)."""

    @abstractmethod
    def map_size(self, height: int, width: int) -> tuple[int, int]:
        """Of the maps of outputs that ``small_outputs`` gives, for images of this size."""

    @abstractmethod
    def small(self, data: Validation, thin: int = 1) -> tuple[Task, Tensor, int]:
        """(the task for maps of outputs of one in ``thin`` rows and columns, its targets (N, ...), the ``thin`` that
        the task can have)."""

    @abstractmethod
    def enlarged(self, outputs: Tensor, height: int, width: int) -> Tensor:
        """Maps of outputs at the size of the images."""

    @abstractmethod
    def module(self) -> nn.Module: ...

    # -- as a model ------------------------------------------------------------------------------------------------

    @property
    def theta(self) -> Parameters:
        return {"weight": self.vector[:-1], "bias": self.vector[-1]}

    def outputs(self, theta: Parameters, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        return self.enlarged(self.maps(theta, self.encoder.scales(images), height, width), height, width)

    def maps(self, theta: Parameters, scales: list[Tensor], height: int, width: int) -> Tensor:
        """(K, channels, *map_size): the outputs of images of height x width with the encoder's ``scales``."""
        return linear_map(scales, *self.unstandardised(theta), self.map_size(height, width))

    def unstandardised(self, theta: Parameters) -> tuple[Tensor, Tensor]:
        """(weight, bias) of features as the encoder gives them."""
        weight = theta["weight"] / self.std[:, None]
        return weight, theta["bias"] - self.mean @ weight

    def regulariser(self, theta: Parameters) -> Tensor:
        return self.l2 * theta["weight"].square().sum()

    # -- fitting ---------------------------------------------------------------------------------------------------

    def fit(self, store: RenderStore, training: Training, seed: int,
            progress: Callable[[float], None] = lambda fraction: None) -> None:
        if training.from_scratch:
            self._start()
        if self.photographs is not None and self.photographs.share == 1.0:
            sampled = self.photographed(self.photographs.data)
            weights = torch.full((len(sampled),), 1 / len(sampled))
        else:
            sampled = self.sampled(store, lambda done: progress(0.5 * done)).rows(training.rows)
            weights = self.weights(store, training.psi, training.rows)
        if not self.l2:
            self.standardise(sampled, weights)
        samples = self.samples(sampled, weights)
        if self.l2:
            self.vector = self.problem(samples).fit(self.vector, lambda done: progress(0.5 + 0.5 * done))
        else:
            self._choose(samples, training.validation, lambda done: progress(0.5 + 0.5 * done))
        progress(1.0)

    def sampled(self, store: RenderStore, progress: Callable[[float], None] = lambda fraction: None) -> Any:
        return features_of(store, self.encoder, self.looks_at, self.sample).of(self.task, store, progress)

    def weights(self, store: RenderStore, psi: Psi, rows: Tensor) -> Tensor:
        """(n,) importance weights of the renders ``rows`` at ``psi``, in all factors; they sum to 1."""
        truncation = self.settings.estimator.truncation
        weights = store.importance_weights(psi, [factor.key for factor in store.factors], truncation).weights[rows]
        total = weights.sum()
        return weights / total if total > 0 else torch.full_like(weights, 1 / len(weights))

    def problem(self, samples: Any) -> Problem:
        """Of samples of renders whose images' weights sum to 1, with the photographs beside them."""
        if self.photographs is not None and self.photographs.share < 1.0:
            own = self.photographed(self.photographs.data)
            samples = samples.beside(self.samples(own, torch.full((len(own),), 1 / len(own))), self.photographs.share)
        return self.problem_of(samples)

    @torch.no_grad()
    def photographed(self, data: Validation) -> Any:
        """What is looked at of labelled photographs, as of renders."""
        return data.remembered((self.encoder, self.looks_at), lambda: self.sample(
            self.scales(data), data.targets, [derive_seed("photograph", index) for index in range(len(data))],
            data.images.shape[-2:]))

    def standardise(self, sampled: Any, weights: Tensor) -> None:
        """From now on features count by the mean and the deviation of these samples, as the images' weights have it."""
        w, x = self.moments(sampled, weights)
        self.mean = (w @ x) / w.sum()
        self.std = ((w @ x.square()) / w.sum() - self.mean.square()).clamp(min=0).sqrt() + 1e-3

    def _choose(self, samples: Any, validation: Validation | None, progress: Callable[[float], None]) -> None:
        """l2, from strong to weak until the calibrated loss on the validation images rises, and theta* with it.

        The choice is made on some of the samples, of which a fit costs so much less.
        """
        self.l2 = USUAL_L2
        if validation is not None:
            few, best = samples.thinned(CHOOSING_SAMPLES), (math.inf, self.l2, self.vector)
            for index, l2 in enumerate(self.l2_grid):
                self.l2 = l2
                self.vector = self.problem(few).fit(self.vector, tolerance=CHOOSING_TOLERANCE)
                progress(0.5 * (index + 1) / len(self.l2_grid))
                loss = self.calibrated_loss(validation, thin=2)
                if loss > best[0]:
                    break
                best = (loss, self.l2, self.vector)
            _, self.l2, self.vector = best
        self.vector = self.problem(samples).fit(self.vector, lambda done: progress(0.5 + 0.5 * done))

    # -- images that are not renders -------------------------------------------------------------------------------

    @torch.no_grad()
    def scales(self, data: Validation) -> list[Tensor]:
        """The maps of all images, in half precision; encoded once for each set of images."""
        return data.remembered(self.encoder, lambda: [
            torch.cat(parts) for parts in zip(*([each.half() for each in self.encoder.scales(images)]
                                                for images in data.images.split(AT_ONCE)), strict=True)])

    def calibrated_loss(self, data: Validation, thin: int = 1) -> float:
        """The mean loss after the best temperature and biases, at the size of the maps; of one in ``thin`` rows and
        columns, where the task allows it.
        """
        task, targets, thin = self.small(data, thin)
        batches = [(outputs[..., ::thin, ::thin], targets[rows])
                   for rows, outputs in self.small_outputs(self.theta, data)]
        share = task.objective(batches, len(data), "calibrated", 0.0)
        return float(sum(share(outputs, own).double() for outputs, own in batches))

    @torch.no_grad()
    def small_outputs(self, theta: Parameters, data: Validation) -> list[tuple[slice, Tensor]]:
        """Rows of ``data`` and the maps of their outputs, some at a time."""
        scales, size = self.scales(data), data.images.shape[-2:]
        rows = [slice(start, start + AT_ONCE) for start in range(0, len(data), AT_ONCE)]
        return [(row, self.maps(theta, [each[row] for each in scales], *size)) for row in rows]

    def predict(self, data: Validation, rows: Tensor) -> Tensor:
        size = data.images.shape[-2:]
        return self.enlarged(self.maps(self.theta, [each[rows] for each in self.scales(data)], *size), *size)

    def evaluate(self, data: Validation) -> Scores:
        return self.task.evaluate(lambda rows: self.predict(data, rows), torch.arange(len(data)), data.targets)

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).cpu().clone() for name in ("vector", "mean", "std")} | {"l2": self.l2}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.vector, self.mean, self.std = (state[name].to(self.device) for name in ("vector", "mean", "std"))
        self.l2 = state["l2"]
