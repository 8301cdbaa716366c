"""Boxes on pictures: what a detector is to find, and what it finds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from ...core.hypergradient.validation import Validation
from ...core.learners import Learner
from ...core.tasks import Task
from ...core.tasks.detection import DetectionTask
from . import pictures

#: Pixels that a picture is enlarged to at least, so that lines hide little of it.
LEAST_WIDTH = 192
#: Detections less certain than this are not drawn, as CenterNet's demonstration has it; nor those less than this times
#: as certain as the most certain one, where that is less: centres are rare, and a convex head's scores all small.
LEAST_SCORE, LEAST_SHARE = 0.3, 0.5
#: Of true boxes; what is found has the colour of its class.
_TRUTH = (255, 255, 255)


def boxes_of(task: Task, labels: np.ndarray, instances: np.ndarray) -> list[np.ndarray] | None:
    """For each of some renders (n, H, W) its boxes, class index and corners as shares; None in another task."""
    if not isinstance(task, DetectionTask):
        return None
    targets = task.targets(torch.from_numpy(labels), torch.from_numpy(instances.astype(np.int32)))
    return [each[each[:, 0] > 0] for each in targets.numpy()]


def boxed(image: np.ndarray, boxes: np.ndarray, colour: tuple[int, int, int] | None = None) -> np.ndarray:
    """``image`` (H, W, 3) uint8, enlarged by a whole number if it is small, with ``boxes`` (n, 5), or (n, 6) with
    scores, which are written beside them. ``colour``: default, that of each class."""
    return drawn(enlarged(image), boxes, colour)


def drawn(picture: np.ndarray, boxes: np.ndarray, colour: tuple[int, int, int] | None = None) -> np.ndarray:
    """As ``boxed``, at the size that the picture has."""
    height, width = picture.shape[:2]
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    for index, *rest in boxes.tolist():
        x0, y0, x1, y1 = (share * size for share, size in zip(rest[:4], (width, height) * 2, strict=True))
        line = colour or tuple(pictures.class_colours()[int(index)].tolist())
        draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=line, width=max(1, round(width / 200)))
        if len(rest) > 4:
            draw.text((x0 + 2, y0), f"{rest[4]:.2f}", fill=line)
    return np.asarray(canvas)


def enlarged(image: np.ndarray) -> np.ndarray:
    """By a whole number, to ``LEAST_WIDTH`` at least."""
    times = max(1, math.ceil(LEAST_WIDTH / image.shape[1]))
    return image.repeat(times, 0).repeat(times, 1)


def worth_drawing(found: Sequence[np.ndarray], true: int = 0) -> list[np.ndarray]:
    """Of the boxes (n, 6) with scores that were found in each of some images those that are certain enough.

    Where that is fewer than the ``true`` boxes of all of them it is as many, the most certain ones: as many are wrong
    as true ones are missed.
    """
    scores = np.sort(np.concatenate([np.zeros(0), *(own[:, 5] for own in found)]))[::-1]
    if not len(scores):
        return list(found)
    least = min(LEAST_SCORE, LEAST_SHARE * scores[0], *scores[:true][-1:])
    return [own[own[:, 5] >= least] for own in found]


def sample_sheet(images: Sequence[np.ndarray], boxes: Sequence[np.ndarray]) -> np.ndarray:
    """Pairs, one above the other: the image, and the image with its boxes."""
    return pictures.pairs([enlarged(image) for image in images],
                          [boxed(image, own) for image, own in zip(images, boxes, strict=True)])


def write_predictions(path: Path, task: Task, learner: Learner, data: Validation, count: int) -> bool:
    """Some images of ``data``, spread over it, with their true boxes and with what ``learner`` finds; whether ``task``
    has boxes."""
    if not isinstance(task, DetectionTask):
        return False
    rows = torch.linspace(0, len(data) - 1, min(count, len(data))).round().long()
    with torch.no_grad():
        found = task.detections(learner.predict(data, rows)).cpu().numpy()
    images = (data.images[rows] * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    truth = [own[own[:, 0] > 0] for own in data.targets[rows].cpu().numpy()]
    shown = worth_drawing(found, sum(map(len, truth)))
    pictures.write_image(path, pictures.pairs(
        [boxed(image, own, _TRUTH) for image, own in zip(images, truth, strict=True)],
        [boxed(image, own) for image, own in zip(images, shown, strict=True)]))
    return True
