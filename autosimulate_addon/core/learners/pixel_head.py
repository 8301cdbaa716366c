"""The convex head of segmentation: one multinomial logistic regression for every pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..features.encoder import STRIDE
from ..features.sampled import SampledPixels, sample
from ..hypergradient.validation import Validation
from ..tasks.segmentation import SegmentationTask
from .convex_head import MOST_SAMPLES, ConvexHead
from .convex_regression import ConvexRegression
from .head_network import HeadNetwork
from .softmax_samples import SoftmaxSamples


class PixelHead(ConvexHead):
    """Multinomial logistic regression per pixel on an encoder's features, at half the images' size."""

    task: SegmentationTask
    looks_at = "pixels"

    def sample(self, scales: list[Tensor], targets: Tensor, seeds: list[int], size: torch.Size) -> SampledPixels:
        return sample(scales, targets, seeds)

    def moments(self, sampled: SampledPixels, weights: Tensor) -> tuple[Tensor, Tensor]:
        return (sampled.share * weights.to(sampled.share)[:, None]).flatten(), sampled.features.flatten(0, 1).float()

    def samples(self, sampled: SampledPixels, weights: Tensor) -> SoftmaxSamples:
        every = self._every(sampled)
        x = sampled.features[:, ::every]
        share = sampled.share[:, ::every].to(self.vector)
        share = share / share.sum(1, keepdim=True).clamp(min=1e-12)
        y = sampled.classes[:, ::every]
        w = share * self.task.class_weights.to(share)[y] * weights.to(share)[:, None]
        x = x.to(self.vector).sub_(self.mean).div_(self.std)
        return SoftmaxSamples(x.flatten(0, 1), y.flatten(), w.flatten(), self.task.channels)

    @staticmethod
    def _every(sampled: SampledPixels) -> int:
        """Only one in so many of each image's pixels is a sample."""
        pixels = sampled.classes.shape[1]
        return -(-pixels // max(1, min(pixels, MOST_SAMPLES // max(1, len(sampled)))))

    def problem_of(self, samples: SoftmaxSamples) -> ConvexRegression:
        return ConvexRegression(samples, self.task.channels, self.l2)

    def derivatives(self, theta: Tensor, directions: list[Tensor], sampled: SampledPixels) -> tuple[Tensor, Tensor]:
        regression = self.problem_of(self.samples(sampled, torch.ones(len(sampled))))
        found = regression.derivatives(theta, directions)
        return found.unflatten(1, (len(sampled), -1)), sampled.places[:, ::self._every(sampled)]

    def map_size(self, height: int, width: int) -> tuple[int, int]:
        return -(-height // STRIDE), -(-width // STRIDE)

    def small(self, data: Validation, thin: int = 1) -> tuple[SegmentationTask, Tensor, int]:
        return self.task, data.targets[:, ::STRIDE * thin, ::STRIDE * thin], thin

    def enlarged(self, outputs: Tensor, height: int, width: int) -> Tensor:
        return F.interpolate(outputs, size=(height, width), mode="bilinear", align_corners=False)

    def module(self) -> nn.Module:
        return HeadNetwork(self.encoder, *self.unstandardised(self.theta))
