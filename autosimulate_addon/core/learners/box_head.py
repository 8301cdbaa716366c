"""The convex head of detection: a logistic regression of each class's centres, least squares for sizes and offsets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..features.sampled_cells import SampledCells, sample_cells
from ..hypergradient.validation import Validation
from ..tasks.centre_grid import CentreGrid
from ..tasks.detection import REGRESSION_WEIGHT, DetectionTask
from ..tasks.focal import weights as reduced
from .box_samples import BoxSamples, CentreSamples, SizeSamples
from .convex_head import MOST_SAMPLES, ConvexHead
from .convex_regression import ConvexRegression
from .head_network import BoxHeadNetwork, on_pixels
from .side_by_side import SideBySide

#: The loss of an image is a sum over its cells, not a mean over its pixels: l2 begins and ends higher.
L2 = (3.0, 1.0, 3e-1, 1e-1, 3e-2, 1e-2)
#: The fewest cells of an image that a fit is left with.
_LEAST_CELLS = 64


class BoxHead(ConvexHead):
    """Outputs of the cells of a ``CentreGrid``, trained on the task's loss with what makes it convex: heat maps by the
    logistic loss, residuals by their squares (``DetectionTask`` with ``focus`` 0 and
    ``rounded`` infinite). Its objective is the task's own.
    """

    task: DetectionTask
    l2_grid = L2

    @property
    def looks_at(self) -> tuple:
        return "cells", self.task.classes, self.task.least_side

    def sample(self, scales: list[Tensor], targets: Tensor, seeds: list[int], size: torch.Size) -> SampledCells:
        return sample_cells(scales, targets, seeds, CentreGrid(*size), self.task.centres)

    def moments(self, sampled: SampledCells, weights: Tensor) -> tuple[Tensor, Tensor]:
        return (sampled.share * weights.to(sampled.share)[:, None]).flatten(), sampled.features.flatten(0, 1).float()

    def samples(self, sampled: SampledCells, weights: Tensor) -> BoxSamples:
        sampled = self._few(sampled)
        x = sampled.features.to(self.vector).sub_(self.mean).div_(self.std).flatten(0, 1)
        each = (weights.to(self.vector) / sampled.count.to(self.vector).clamp(min=1))[:, None]
        heat = sampled.heat.to(self.vector)
        w = reduced(heat) * (sampled.share.to(self.vector) * each)[..., None]
        there = sampled.there.flatten()
        size = (REGRESSION_WEIGHT * each).expand(sampled.there.shape).flatten()
        return BoxSamples(CentreSamples(x, (heat == 1).flatten(0, 1), w.flatten(0, 1)),
                          SizeSamples(x[there], sampled.regressed.to(self.vector).flatten(0, 1)[there], size[there]))

    @staticmethod
    def _few(sampled: SampledCells) -> SampledCells:
        return sampled.first(max(_LEAST_CELLS, MOST_SAMPLES // max(1, len(sampled))))

    def problem_of(self, samples: BoxSamples) -> SideBySide:
        return SideBySide([ConvexRegression(samples.centres, self.task.centres, self.l2),
                           ConvexRegression(samples.sizes, 4, self.l2)])

    def derivatives(self, theta: Tensor, directions: list[Tensor], sampled: SampledCells) -> tuple[Tensor, Tensor]:
        problem, sampled = self.problem_of(self.samples(sampled, torch.ones(len(sampled)))), self._few(sampled)
        of_centres, of_sizes = (
            regression.derivatives(own, list(several)) for regression, own, several in
            zip(problem.regressions, problem.split(theta), zip(*map(problem.split, directions), strict=True),
                strict=True))
        of_centres[:, sampled.there.flatten()] += of_sizes
        return of_centres.unflatten(1, (len(sampled), -1)), sampled.places

    def map_size(self, height: int, width: int) -> tuple[int, int]:
        grid = CentreGrid(height, width)
        return grid.rows, grid.columns

    def small(self, data: Validation, thin: int = 1) -> tuple[DetectionTask, Tensor, int]:
        """All cells: there are few, and a centre must not be left out."""
        return self.task.of_cells(CentreGrid(*data.images.shape[-2:])), data.targets, 1

    def enlarged(self, outputs: Tensor, height: int, width: int) -> Tensor:
        return on_pixels(outputs, height, width, CentreGrid(height, width).stride)

    def module(self) -> nn.Module:
        return BoxHeadNetwork(self.encoder, *self.unstandardised(self.theta))
