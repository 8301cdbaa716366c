"""The judge of a pool of renders: a convex head on frozen features, trained on nothing else, scored on photographs.

One multinomial logistic regression per pixel, fitted to its end: whoever fits it again on these renders gets the same
head, so that two pools differ by their renders alone. Its l2 is chosen on the validation photographs, as are the
calibration of the loss and the decision biases of the mIoU; the test photographs are only scored.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.decision import decision_biases
from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.core.features.encoder import STRIDE
from autosimulate_addon.core.hypergradient.validation import Validation
from autosimulate_addon.core.learners import Photographs
from autosimulate_addon.core.learners.pixel_head import PixelHead
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.tasks.segmentation import SegmentationTask

#: On standardised features, from strong to weak.
L2 = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3)
#: Of the maps' rows and columns, for what is chosen on val: ten numbers need no million of pixels.
EVERY = 2


@dataclass(frozen=True)
class Scores:
    """Of a learner on photographs. ``loss``: calibrated on val; ``decided``: mIoU with biases chosen on val."""

    val_loss: float
    val_decided: float
    loss: float
    decided: float
    miou: float


@dataclass(frozen=True)
class Verdict(Scores):
    """What a head says of a pool."""

    l2: float


class Judge:
    """Of pools whose classes are those of the photographs ``val`` and ``test``, at half of their size."""

    def __init__(self, classes: tuple[str, ...], val: Dataset, test: Dataset) -> None:
        # Every pixel counts alike in the loss that is reported.
        self.config, self.task = LoopConfig(learner="head"), SegmentationTask(classes, background_weight=1.0)
        self.val, self.test = (as_validation(self.task, data, torch.device("cpu")) for data in (val, test))

    def judge(self, store: RenderStore | None, photographs: Photographs | None = None,
              val: Validation | None = None) -> Verdict:
        """The head of these renders, and photographs, that does best on ``val`` (default: all of it)."""
        head, val = PixelHead(self.config, self.task, 0), val or self.val
        head.photographs = photographs
        sampled = head.photographed(photographs.data) if store is None else head.sampled(store)
        weights = torch.full((len(sampled),), 1 / len(sampled))
        head.standardise(sampled, weights)
        samples, verdicts = head.samples(sampled, weights), []
        for head.l2 in L2:
            head.vector = head.problem(samples).fit(head.vector)
            outputs = (torch.cat([logits for _, logits in head.small_outputs(head.theta, data)])
                       for data in (val, self.test))
            verdicts.append(Verdict(**asdict(self.scores(*outputs, val)), l2=head.l2))
        return min(verdicts, key=lambda verdict: verdict.val_loss)

    def part(self, rows: Tensor) -> Validation:
        """Some of the photographs of val, which are not encoded once more."""
        some, head = self.val.part(rows), PixelHead(self.config, self.task, 0)
        some.remembered(head.encoder, lambda: [each[rows] for each in head.scales(self.val)])
        return some

    def scores(self, val: Tensor, test: Tensor, chosen_on: Validation) -> Scores:
        """From logits (N, classes, H/2, W/2) of ``chosen_on`` and of the test photographs."""
        some = [(val[..., ::EVERY, ::EVERY], _labels(chosen_on)[..., ::EVERY, ::EVERY])]
        calibration, rule = self.task.calibration(some), decision_biases(some)[:, None, None]
        return Scores(self._loss(calibration(val), chosen_on), self._miou(val + rule, chosen_on),
                      self._loss(calibration(test), self.test), self._miou(test + rule, self.test),
                      self._miou(test, self.test))

    def _loss(self, logits: Tensor, data: Validation) -> float:
        return self.task.losses(logits, _labels(data)).mean().item()

    def _miou(self, logits: Tensor, data: Validation) -> float:
        return self.task.evaluate(lambda rows: logits[rows], torch.arange(len(logits)), _labels(data)).metric


def _labels(data: Validation) -> Tensor:
    return data.targets[:, ::STRIDE, ::STRIDE]
