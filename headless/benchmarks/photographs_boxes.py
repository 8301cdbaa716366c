"""The judge of a pool of renders by detection: a convex detector on frozen features, trained on nothing else.

Its heat maps and sizes are fitted to their end (see ``core/learners/box_head``); its l2 is that with the best mAP@.5 on
the validation photographs; the test photographs are only scored.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.core.hypergradient.validation import Validation
from autosimulate_addon.core.learners.box_head import BoxHead
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.tasks.detection import DetectionTask

#: On standardised features, from strong to weak.
L2 = (1.0, 3e-1, 1e-1)


@dataclass(frozen=True)
class BoxVerdict:
    """What a head says of a pool. ``map50`` is mAP@.5, ``coco_map`` COCO's; ``loss`` is calibrated on the photographs
    that it is of."""

    l2: float
    val_loss: float
    val_map50: float
    loss: float
    map50: float
    coco_map: float


@dataclass(frozen=True)
class Scores:
    """Of a detector on some photographs; the loss is calibrated on them."""

    loss: float
    map50: float
    coco_map: float


class BoxJudge:
    """Of pools whose classes are those of the photographs ``val`` and ``test``."""

    def __init__(self, classes: tuple[str, ...], val: Dataset, test: Dataset, encoder: str = "auto") -> None:
        self.config = LoopConfig(learner="head", task="detection", encoder=encoder)
        self.task = DetectionTask(classes)
        self.val, self.test = (as_validation(self.task, data, torch.device("cpu")) for data in (val, test))

    def judge(self, store: RenderStore) -> BoxVerdict:
        head = self.head(store)
        val, test = (self.scores(head, data) for data in (self.val, self.test))
        return BoxVerdict(head.l2, val.loss, val.map50, test.loss, test.map50, test.coco_map)

    def head(self, store: RenderStore) -> BoxHead:
        """The detector whose l2 does best on the validation photographs."""
        head = BoxHead(self.config, self.task, 0)
        sampled = head.sampled(store)
        weights = torch.full((len(sampled),), 1 / len(sampled))
        head.standardise(sampled, weights)
        problem, found, vector = head.samples(sampled, weights), [], None
        for head.l2 in L2:
            vector = head.vector = head.problem(problem).fit(vector)
            found.append((head.evaluate(self.val).metric, head.l2, vector))
        _, head.l2, head.vector = max(found, key=lambda each: each[0])
        return head

    def scores(self, head: BoxHead, data: Validation) -> Scores:
        """On other photographs: those that neither trained nor chose it, or those that chose it."""
        found = head.evaluate(data)
        return Scores(head.calibrated_loss(data), found.metric, found.also["COCO mAP"])
