"""How large classes are in renders and photographs."""

import pytest
import torch

from autosimulate_addon.core.matching.areas import areas
from autosimulate_addon.core.matching.mmd import Distance
from autosimulate_addon.core.tasks.detection import DetectionTask
from autosimulate_addon.core.tasks.segmentation import SegmentationTask


def squares(sides, size=64):
    """(N, size, size) with a square of class 1 of each side, and of class 2 nowhere."""
    labels = torch.zeros(len(sides), size, size, dtype=torch.long)
    for image, side in zip(labels, sides, strict=True):
        image[:side, :side] = 1
    return labels


def test_it_is_the_weighted_median_of_what_shows_the_class():
    task = SegmentationTask(("background", "cube", "ball"))
    labels = Distance(task.statistics(squares([8, 16, 32, 0])), task.statistics(squares([16, 0, 32])))
    alike, one = torch.full((4,), .25, dtype=torch.float64), torch.tensor([.1, .1, .5, .3], dtype=torch.float64)
    assert areas(labels, task.statistics_groups(), alike)["cube"] == pytest.approx((1 / 16, 1 / 16), rel=1e-3)
    found = areas(labels, task.statistics_groups(), one)
    assert found["cube"] == pytest.approx((1 / 4, 1 / 16), rel=1e-3)
    assert found["ball"] == (0.0, 0.0)


def test_boxes_are_told_the_same():
    task = DetectionTask(("background", "cube"))
    rendered, real = (torch.tensor([[[1, .5 - side / 2, .5 - side / 2, .5 + side / 2, .5 + side / 2]]])
                      for side in (.1, .4))
    labels = Distance(task.statistics(rendered), task.statistics(real))
    assert areas(labels, task.statistics_groups(), torch.ones(1, dtype=torch.float64))["cube"] == pytest.approx(
        (.01, .16), rel=1e-3)
