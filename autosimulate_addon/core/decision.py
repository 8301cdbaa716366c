"""The decision rule of a judge: one bias a class, added to its outputs, for the best mean IoU on given images.

Plain argmax wanders with the share of foreground in the images that a learner was trained on, which says nothing of
what it can tell apart. Whoever has labelled images may choose the rule on them; it is chosen so in every row that is
compared, on the validation images, and scored on others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from .datasets.dataset import IGNORE

#: A bias is looked for among these, in nats beside its present value; the search goes through the classes so often.
REACH, STEP, SWEEPS = 4.0, 0.125, 4
#: A gain in mean IoU below this is none: the first rule found is kept.
LEAST_GAIN = 1e-5
#: Of more pixels than this, every second (third, ...) is looked at.
MOST_PIXELS = 2_000_000


@torch.no_grad()
def decision_biases(outputs: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """(C,) float32 biases from (logits (N, C, H, W), labels (N, H, W)) of all images; that of class 0 is 0.

    Coordinate ascent of the mean IoU over the foreground classes that occur, from no bias at all: one class after the
    other takes the best of a grid of biases, until none gains. Deterministic. All 0 where no class occurs.
    """
    logits, labels = _pixels(outputs)
    classes = logits.shape[1]
    counted = torch.bincount(labels, minlength=classes) > 0
    counted[0] = False
    biases = torch.zeros(classes)
    if not counted.any():
        return biases
    best = float(_mean_iou(_confusion(logits, labels, biases), counted))
    for _ in range(SWEEPS):
        before = best
        for index in range(classes):
            change, reached = _best_change(logits + biases, labels, index, counted)
            if reached > best + LEAST_GAIN:
                biases[index] += change
                best = reached
        if best == before:
            break
    return biases - biases[0]


def _pixels(outputs: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Labelled pixels: logits (n, C) float32, labels (n,), on the CPU."""
    batches = list(_labelled(outputs))
    stride = -(-sum(len(labels) for _, labels in batches) // MOST_PIXELS) or 1
    return (torch.cat([logits[::stride] for logits, _ in batches]),
            torch.cat([labels[::stride] for _, labels in batches]))


def _labelled(outputs: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    for logits, labels in outputs:
        flat, known = labels.flatten(), labels.flatten() != IGNORE
        yield logits.movedim(1, -1).flatten(0, -2)[known].float().cpu(), flat[known].cpu()


def _best_change(logits: Tensor, labels: Tensor, index: int, counted: Tensor) -> tuple[float, float]:
    """(the change of class ``index``'s bias, the mean IoU with it), the smallest change among the best.

    A pixel becomes the class where the bias is above the margin to the best of the others: all biases of the grid are
    scored from one count of pixels by (margin, other class, label).
    """
    classes = logits.shape[1]
    others = logits.clone()
    others[:, index] = -torch.inf
    highest, other = others.max(1)
    grid = torch.arange(-REACH, REACH + STEP / 2, STEP)
    bins = torch.bucketize(highest - logits[:, index], grid)            # the first of the grid that is not below
    count = torch.bincount((bins * classes + other) * classes + labels, minlength=(len(grid) + 1) * classes * classes)
    counts = count.reshape(len(grid) + 1, classes, classes).double()   # [bin, other, label]
    moved = counts.cumsum(0)[:-1]                                       # the pixels that each of the grid moves
    confusion = (counts.sum(0) - moved).transpose(1, 2)                 # [grid, label, prediction]
    confusion[:, :, index] = moved.sum(1)
    scores = _mean_iou(confusion, counted)
    best = torch.where(scores >= scores.max() - 1e-12, grid.abs(), torch.inf).argmin()
    return float(grid[best]), float(scores[best])


def _confusion(logits: Tensor, labels: Tensor, biases: Tensor) -> Tensor:
    """(C, C): [label, prediction]."""
    classes = logits.shape[1]
    pairs = labels * classes + (logits + biases).argmax(1)
    return torch.bincount(pairs, minlength=classes ** 2).reshape(classes, classes).double()


def _mean_iou(confusion: Tensor, counted: Tensor) -> Tensor:
    """Over the classes ``counted`` (C,), of confusion matrices (..., label, prediction)."""
    hits = confusion.diagonal(dim1=-2, dim2=-1)
    union = confusion.sum(-1) + confusion.sum(-2) - hits
    return (hits / union.clamp(min=1))[..., counted].mean(-1)
