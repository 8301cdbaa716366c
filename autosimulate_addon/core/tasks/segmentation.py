"""Semantic segmentation: the losses that training, validation and the hypergradient share, and the metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..datasets.dataset import IGNORE
from ..decision import decision_biases
from .calibration import Calibration, Pixels, calibrate
from .label_statistics import label_statistics
from .of_pixels import OfPixels
from .soft_miou import overlap, total
from .task import BATCH, Scores

#: Weight of background pixels in the loss (foreground has 1): they are most of an image and the easiest part of it.
BACKGROUND_WEIGHT = 0.3


class SegmentationTask(OfPixels):
    """Per-pixel classification into ``classes``; classes[0] is the background.

    The loss of an image is the weighted cross-entropy averaged over its labelled pixels. It depends on that image
    alone: no normalisation over the batch, neither by statistics nor by weights.
    """

    name = "segmentation"
    metric = "mIoU"
    outputs_mean = ("the decision biases are added already: of segmentation the argmax over axis 1 is the decided "
                    "class, its number the place in classes")

    def __init__(self, classes: Sequence[str], background_weight: float = BACKGROUND_WEIGHT) -> None:
        self.classes = tuple(classes)
        self.class_weights = torch.ones(len(self.classes), dtype=torch.float64)
        self.class_weights[0] = background_weight

    @property
    def channels(self) -> int:
        return len(self.classes)

    def targets(self, labels: Tensor, instances: Tensor | None = None,
                boxes: Sequence[np.ndarray] | None = None) -> Tensor:
        """(K, H, W) -> (K, H, W) int64: the labels themselves."""
        return labels.long()

    def parts(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(K, C, H, W), (K, H, W) -> (K, H, W): each pixel's share; they sum to the image's loss."""
        weights = self.class_weights.to(logits)
        losses = F.cross_entropy(logits, labels, weight=weights, ignore_index=IGNORE, reduction="none")
        return losses / _labelled_pixels(labels)

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(K, C, H, W), (K, H, W) -> (K,)."""
        return self.parts(logits, labels).sum((1, 2))

    def curvature(self, logits: Tensor, tangent: Tensor, labels: Tensor) -> Tensor:
        """C dz for the mean of the losses: per pixel weight * (diag(p) - p p') dz with p the softmax of z."""
        known = labels != IGNORE
        weights = self.class_weights.to(logits)[torch.where(known, labels, 0)] * known
        weights = (weights / _labelled_pixels(labels) / len(labels)).unsqueeze(1)
        p = logits.softmax(1)
        p_tangent = p * tangent
        return weights * (p_tangent - p * p_tangent.sum(1, keepdim=True))

    def statistics(self, labels: Tensor) -> Tensor:
        """(K, H, W) -> (K, S): of each class log area, presence and place."""
        return label_statistics(labels, self.channels)

    def objective(self, batches: Iterable[tuple[Tensor, Tensor]], count: int, objective: str,
                  metric_weight: float) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss alone is lowered by predicting less, too, where a network is unsure; mIoU is what it is for.

        "soft-miou" adds ``metric_weight`` (1 - soft mIoU), a ratio of sums over all images; "calibrated" takes the loss
        after the best temperature and class biases for all images. A share needs what is of all images: it is found
        here, without a graph.
        """
        if objective == "raw":
            return lambda logits, labels: self.losses(logits, labels).sum() / count
        if objective == "calibrated":
            calibration = self.calibration(batches)
            return lambda logits, labels: self.losses(calibration(logits), labels).sum() / count
        if objective != "soft-miou":
            raise ValueError(f"Unknown objective {objective!r}; it is calibrated, soft-miou or raw")
        with torch.no_grad():
            whole = total(overlap(logits, labels) for logits, labels in batches)

        def share(logits: Tensor, labels: Tensor) -> Tensor:
            loss = self.losses(logits, labels).sum() / count
            return loss - metric_weight * whole.first_order(overlap(logits, labels))

        return share

    @torch.no_grad()
    def calibration(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Calibration:
        """The temperature and the class biases under which the mean loss of all images is least."""
        return calibrate([self._pixels(logits, labels) for logits, labels in batches])

    def _pixels(self, logits: Tensor, labels: Tensor) -> Pixels:
        """The labelled pixels of images: logits (C, n), classes (n,), weights (n,) in the sum of their losses."""
        known = labels != IGNORE
        weights = (known / _labelled_pixels(labels)).to(logits)[known]
        classes = labels[known]
        return logits.movedim(1, 0)[:, known], classes, weights * self.class_weights.to(logits)[classes]

    def decision(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
        """(C,) the biases of the classes with the best mean IoU."""
        return decision_biases(batches)

    @torch.no_grad()
    def evaluate(self, predict: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor,
                 batch: int = BATCH) -> Scores:
        """Mean loss, IoU per class and its mean over the foreground classes that occur in the labels.

        ``images`` (N, 3, H, W) in [0, 1], ``labels`` (N, H, W) int64.
        """
        from torchmetrics.functional.classification import multiclass_confusion_matrix

        total, confusion = 0.0, torch.zeros(self.channels, self.channels, dtype=torch.int64)
        for x, y in zip(images.split(batch), labels.split(batch), strict=True):
            logits = predict(x)
            total += self.losses(logits, y).double().sum().item()
            confusion += multiclass_confusion_matrix(logits.argmax(1), y, self.channels, ignore_index=IGNORE,
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
