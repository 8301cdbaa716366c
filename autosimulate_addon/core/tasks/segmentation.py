"""Semantic segmentation: the losses that training, validation and the hypergradient share, and the metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from ..datasets.dataset import IGNORE

#: Weight of background pixels in the loss (foreground has 1): they are most of an image and the easiest part of it.
BACKGROUND_WEIGHT = 0.3


@dataclass(frozen=True)
class Scores:
    """The outcome of an evaluation. ``per_class`` is the IoU of each foreground class that occurs, by name."""

    loss: float
    miou: float
    per_class: dict[str, float]


class SegmentationTask:
    """Per-pixel classification into ``classes``; classes[0] is the background.

    The loss of a sample is the weighted cross-entropy averaged over its labelled pixels. It depends on that sample
    alone: no normalisation over the batch, neither by statistics nor by weights.
    """

    def __init__(self, classes: Sequence[str], background_weight: float = BACKGROUND_WEIGHT) -> None:
        self.classes = tuple(classes)
        self.class_weights = torch.ones(len(self.classes), dtype=torch.float64)
        self.class_weights[0] = background_weight

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    def pixel_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(K, C, H, W), (K, H, W) -> (K, H, W): each pixel's share; they sum to the sample's loss."""
        weights = self.class_weights.to(logits)
        losses = F.cross_entropy(logits, labels, weight=weights, ignore_index=IGNORE, reduction="none")
        return losses / _labelled_pixels(labels)

    def sample_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(K, C, H, W), (K, H, W) -> (K,)."""
        return self.pixel_losses(logits, labels).sum((1, 2))

    def output_curvature(self, logits: Tensor, tangent: Tensor, labels: Tensor) -> Tensor:
        """C dz for the mean of the sample losses: per pixel weight * (diag(p) - p p') dz with p the softmax of z."""
        known = labels != IGNORE
        weights = self.class_weights.to(logits)[torch.where(known, labels, 0)] * known
        weights = (weights / _labelled_pixels(labels) / len(labels)).unsqueeze(1)
        p = logits.softmax(1)
        p_tangent = p * tangent
        return weights * (p_tangent - p * p_tangent.sum(1, keepdim=True))

    def losses_of(self, network: nn.Module, images: Tensor, labels: Tensor, per_pixel: bool = False):
        """theta -> the sample losses (K,), or the pixel losses (K, H, W), of these images."""
        losses = self.pixel_losses if per_pixel else self.sample_losses
        return lambda parameters: losses(functional_call(network, parameters, (images,)), labels)

    def mean_loss_of(self, network: nn.Module, images: Tensor, labels: Tensor):
        """theta -> the mean of the sample losses."""
        losses = self.losses_of(network, images, labels)
        return lambda parameters: losses(parameters).mean()

    @torch.no_grad()
    def evaluate(self, network: nn.Module, images: Tensor, labels: Tensor, batch: int = 32) -> Scores:
        """Mean loss, IoU per class and its mean over the foreground classes that occur in the labels.

        ``images`` (N, 3, H, W) in [0, 1], ``labels`` (N, H, W) int64.
        """
        from torchmetrics.functional.classification import multiclass_confusion_matrix

        network.eval()
        total, confusion = 0.0, torch.zeros(self.num_classes, self.num_classes, dtype=torch.int64)
        for x, y in zip(images.split(batch), labels.split(batch), strict=True):
            logits = network(x)
            total += self.sample_losses(logits, y).double().sum().item()
            confusion += multiclass_confusion_matrix(logits.argmax(1), y, self.num_classes, ignore_index=IGNORE,
                                                     validate_args=False).cpu()
        return Scores(total / len(images), *_intersection_over_union(confusion, self.classes))


def _labelled_pixels(labels: Tensor) -> Tensor:
    return (labels != IGNORE).sum((1, 2), keepdim=True).clamp(min=1)


def _intersection_over_union(confusion: Tensor, classes: tuple[str, ...]) -> tuple[float, dict[str, float]]:
    """(mean over the foreground classes that occur, IoU by class) of a confusion matrix [truth, prediction]."""
    hits = confusion.diag()
    occurs = confusion.sum(1)
    union = occurs + confusion.sum(0) - hits
    per_class = {name: (hits[c] / union[c]).item() for c, name in enumerate(classes) if c > 0 and occurs[c] > 0}
    mean = sum(per_class.values()) / len(per_class) if per_class else float("nan")
    return mean, per_class
