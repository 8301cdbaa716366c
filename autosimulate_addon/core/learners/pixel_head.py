"""A convex learner: frozen features of a pretrained encoder, and on them one logistic regression for every pixel.

theta-hat is unique: what it says of psi is a property of the renders and of psi, not of a training run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...protocol import InputError
from ..features.encoder import STRIDE, Encoder, make_encoder, shared_encoder
from ..features.sampled import AT_ONCE, SampledPixels, features_of, sample
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..randomness import derive_seed
from ..renders import RenderStore
from ..tasks.segmentation import SegmentationTask
from ..tasks.task import Parameters, Scores, Task
from .head_network import HeadNetwork, linear_map
from .learner import Photographs, Training
from .softmax_regression import Samples, SoftmaxRegression

#: From strong to weak; the one whose calibrated loss on the validation images is least. On standardised features.
L2 = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
#: Samples that the choice is made on, and how far its fits go (see ``SoftmaxRegression.fit``).
CHOOSING_SAMPLES, CHOOSING_TOLERANCE = 50_000, 1e-2
#: Without validation images.
USUAL_L2 = 3e-3
#: The most samples of a fit: pixels of each render are left out beyond.
MOST_SAMPLES = 400_000


class PixelHead:
    """Multinomial logistic regression per pixel on an encoder's features, at half the images' size.

    theta: "weight" (channels of the encoder, classes) and "bias" (classes,), of standardised features. Renders count as
    they were drawn, each with its importance weight at the present psi, so that all of them serve. Photographs, where
    there are some to train on, are part of the one problem, and of its Hessian.
    """

    photographs: Photographs | None = None

    def __init__(self, settings: Any, task: Task, seed: int) -> None:
        """``settings``: a ``LoopConfig``, of which it reads the encoder and the device. ``seed`` has no use."""
        if not isinstance(task, SegmentationTask):
            raise InputError(f"The learner 'head' classifies pixels, which is not the task {task.name!r}: choose "
                             "--learner network.")
        self.settings, self.task, self.device = settings, task, settings.torch_device()
        self.encoder: Encoder = shared_encoder(settings.encoder, settings.encoder_module, str(self.device))
        self._start()

    def _start(self) -> None:
        self.vector = torch.zeros(self.encoder.channels + 1, self.task.channels, device=self.device)
        self.mean, self.std = (make(self.encoder.channels, device=self.device) for make in (torch.zeros, torch.ones))
        self.l2 = 0.0                   # 0: still to be chosen

    # -- as a model ------------------------------------------------------------------------------------------------

    @property
    def theta(self) -> Parameters:
        return {"weight": self.vector[:-1], "bias": self.vector[-1]}

    def outputs(self, theta: Parameters, images: Tensor) -> Tensor:
        logits = self.logits(theta, self.encoder.scales(images))
        return F.interpolate(logits, size=images.shape[-2:], mode="bilinear", align_corners=False)

    def logits(self, theta: Parameters, scales: list[Tensor]) -> Tensor:
        """(K, classes, H / 2, W / 2)"""
        weight = theta["weight"] / self.std[:, None]
        return linear_map(scales, weight, theta["bias"] - self.mean @ weight)

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

    def sampled(self, store: RenderStore, progress: Callable[[float], None] = lambda fraction: None) -> SampledPixels:
        return features_of(store, self.encoder).of(self.task, store, progress)

    def weights(self, store: RenderStore, psi: Psi, rows: Tensor) -> Tensor:
        """(n,) importance weights of the renders ``rows`` at ``psi``, in all factors; they sum to 1."""
        truncation = self.settings.estimator.truncation
        weights = store.importance_weights(psi, [factor.key for factor in store.factors], truncation).weights[rows]
        total = weights.sum()
        return weights / total if total > 0 else torch.full_like(weights, 1 / len(weights))

    def samples(self, sampled: SampledPixels, weights: Tensor) -> Samples:
        """The pixels as samples of the regression: an image's loss is the task's, and counts by its weight (n,)."""
        every = self.every(sampled)
        x = sampled.features[:, ::every]
        share = sampled.share[:, ::every].to(self.vector)
        share = share / share.sum(1, keepdim=True).clamp(min=1e-12)
        y = sampled.classes[:, ::every]
        w = share * self.task.class_weights.to(share)[y] * weights.to(share)[:, None]
        x = x.to(self.vector).sub_(self.mean).div_(self.std)
        return Samples(x.flatten(0, 1), y.flatten(), w.flatten())

    def every(self, sampled: SampledPixels) -> int:
        """Only one in so many of each image's pixels is a sample."""
        pixels = sampled.classes.shape[1]
        return -(-pixels // max(1, min(pixels, MOST_SAMPLES // max(1, len(sampled)))))

    def problem(self, samples: Samples) -> SoftmaxRegression:
        """Of samples of renders whose images' weights sum to 1, with the photographs beside them."""
        return SoftmaxRegression(self._with_photographs(samples), self.task.channels, self.l2)

    def _with_photographs(self, samples: Samples) -> Samples:
        if self.photographs is None or self.photographs.share == 1.0:
            return samples
        share, sampled = self.photographs.share, self.photographed(self.photographs.data)
        own = self.samples(sampled, torch.full((len(sampled),), 1 / len(sampled)))
        return Samples(torch.cat([samples.x, own.x]), torch.cat([samples.y, own.y]),
                       torch.cat([(1 - share) * samples.w, share * own.w]))

    @torch.no_grad()
    def photographed(self, data: Validation) -> SampledPixels:
        """Pixels of labelled photographs, as of renders."""
        return data.remembered((self.encoder, "pixels"), lambda: sample(
            self.scales(data), data.targets, [derive_seed("photograph", index) for index in range(len(data))]))

    def standardise(self, sampled: SampledPixels, weights: Tensor) -> None:
        """From now on features count by the mean and the deviation of these pixels, as the images' weights have it."""
        w = (sampled.share * weights.to(sampled.share)[:, None]).flatten()
        x = sampled.features.flatten(0, 1).float()
        self.mean = (w @ x) / w.sum()
        self.std = ((w @ x.square()) / w.sum() - self.mean.square()).clamp(min=0).sqrt() + 1e-3

    def _choose(self, samples: Samples, validation: Validation | None, progress: Callable[[float], None]) -> None:
        """l2, from strong to weak until the calibrated loss on the validation images rises, and theta* with it.

        The choice is made on some of the samples, of which a fit costs so much less.
        """
        self.l2 = USUAL_L2
        if validation is not None:
            few, best = samples.thinned(CHOOSING_SAMPLES), (math.inf, self.l2, self.vector)
            for index, self.l2 in enumerate(L2):
                self.vector = self.problem(few).fit(self.vector, tolerance=CHOOSING_TOLERANCE)
                progress(0.5 * (index + 1) / len(L2))
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
        """The mean loss after the best temperature and biases, at the encoder's size; of one in ``thin`` rows and
        columns.
        """
        batches = [(logits[..., ::thin, ::thin], data.targets[rows][:, ::STRIDE * thin, ::STRIDE * thin])
                   for rows, logits in self.small_logits(self.theta, data)]
        calibration = self.task.calibration(batches)
        losses = [self.task.losses(calibration(logits), labels) for logits, labels in batches]
        return torch.cat(losses).double().mean().item()

    @torch.no_grad()
    def small_logits(self, theta: Parameters, data: Validation) -> list[tuple[slice, Tensor]]:
        """Rows of ``data`` and their logits at the encoder's size, some at a time."""
        scales = self.scales(data)
        rows = [slice(start, start + AT_ONCE) for start in range(0, len(data), AT_ONCE)]
        return [(row, self.logits(theta, [each[row] for each in scales])) for row in rows]

    def predict(self, data: Validation, rows: Tensor) -> Tensor:
        logits = self.logits(self.theta, [each[rows] for each in self.scales(data)])
        return F.interpolate(logits, size=data.images.shape[-2:], mode="bilinear", align_corners=False)

    def evaluate(self, data: Validation) -> Scores:
        return self.task.evaluate(lambda rows: self.predict(data, rows), torch.arange(len(data)), data.targets)

    # -- to be taken home ------------------------------------------------------------------------------------------

    def module(self) -> nn.Module:
        weight = self.theta["weight"] / self.std[:, None]
        return HeadNetwork(self.encoder, weight, self.theta["bias"] - self.mean @ weight)

    @staticmethod
    def skeleton(settings: Any, channels: int) -> nn.Module:
        encoder = make_encoder(settings.encoder, settings.encoder_module)
        return HeadNetwork(encoder, torch.zeros(encoder.channels, channels), torch.zeros(channels))

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).cpu().clone() for name in ("vector", "mean", "std")} | {"l2": self.l2}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.vector, self.mean, self.std = (state[name].to(self.device) for name in ("vector", "mean", "std"))
        self.l2 = state["l2"]
