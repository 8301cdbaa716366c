"""Detection: a box around every object, by its centre and its size.

CenterNet (Zhou, Wang and Kraehenbuehl, Objects as Points, 2019) at whatever resolution the images have: a heat map of
centres for each class, sizes and offsets where the centres are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from ...protocol import InputError
from ...protocol.settings import default
from .average_precision import AveragePrecision
from .box_statistics import box_statistics
from .boxes import boxes_of_instances, boxes_of_pixels
from .calibration import calibrate_logistic
from .centre_grid import MOST_CELLS, USUAL_SIZE, CentreGrid, Centres
from .decoding import decode
from .focal import focal_curvature, focal_loss, weights
from .of_pixels import OfPixels
from .task import BATCH, Scores

#: Pixels of the shorter side of what is visible of a render's object, from which on it is one to detect.
LEAST_SIDE: float = default("least_side")
#: Of the focal loss, in networks.
FOCUS = 2.0
#: Logit of a centre where the output is 0: centres are rare, and a network is to begin so.
PRIOR = -2.19
#: Weight of sizes and offsets beside the heat maps.
REGRESSION_WEIGHT = 0.5
#: Up to here a residual costs its square, beyond its amount (Huber): a twentieth of a size, or of a cell.
ROUND = 0.05


class DetectionTask(OfPixels):
    """Boxes of ``classes``; classes[0] is the background.

    Outputs (K, C - 1 + 4, H, W): logits of the centres of each class but the background, less ``PRIOR``; then ln width,
    ln height (of a usual size) and the centre's x, y in its cell. They are averaged over the cells of a ``CentreGrid``.
    Targets are boxes (see ``boxes``).

    The loss of an image is that of its heat maps (``focal``) and, in the cells of centres, of sizes and offsets, over
    the number of its boxes. It depends on that image alone: no normalisation over the batch. Sizes are regressed as
    logarithms, so that a small object's count as much as a large one's, and the L1 norm is rounded at 0, so that there
    is a second derivative.
    """

    name = "detection"
    metric = "mAP@.5"
    outputs_mean = (
        f"channels are the logits of the centres of each class but the background, less {PRIOR}; ln width and ln "
        f"height of the box, in {USUAL_SIZE:.6f} of the image's; its centre's x and y from the middle of its cell, in "
        "cells. A cell is the mean of stride x stride pixels: stride is the least power of 2, 2 or more, that gives "
        f"the longer side at most {MOST_CELLS} cells")

    def __init__(self, classes: Sequence[str], least_side: float = LEAST_SIDE, focus: float = FOCUS,
                 rounded: float = ROUND, grid: CentreGrid | None = None) -> None:
        """``focus`` 0 and ``rounded`` infinite make the loss convex in the outputs: logistic, and squares. ``grid``:
        outputs may be those of its cells, (K, channels, rows, columns); default, the grid of outputs of pixels."""
        self.classes = tuple(classes)
        self.least_side, self.focus, self.rounded, self.grid = least_side, focus, rounded, grid

    @property
    def centres(self) -> int:
        """How many of the channels are heat maps."""
        return len(self.classes) - 1

    @property
    def channels(self) -> int:
        return self.centres + 4

    def of_cells(self, grid: CentreGrid) -> DetectionTask:
        """The same for outputs of the cells of ``grid``."""
        return DetectionTask(self.classes, self.least_side, self.focus, self.rounded, grid)

    def targets(self, labels: Tensor, instances: Tensor | None = None,
                boxes: Sequence[np.ndarray] | None = None) -> Tensor:
        """Raises InputError where there are neither instances nor boxes: class maps do not say where one object ends
        and the next begins."""
        if instances is not None:
            return boxes_of_instances(labels, instances, self.least_side)
        if boxes is None:
            raise InputError("Detection needs boxes, which these images do not have, only class masks: annotate them "
                             "in COCO, YOLO, Pascal VOC or LabelMe form, or choose --task segmentation.")
        return boxes_of_pixels(boxes, *labels.shape[-2:]).to(labels.device)

    # -- losses ----------------------------------------------------------------------------------------------------

    def parts(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(K, channels, H, W), (K, M, 5) -> (K, H, W): each cell's share on its pixels; they sum to the image's loss.

        A centre that lies outside of its object's visible pixels (a ring's) is credited to what is seen there.
        """
        grid = self._grid_of(outputs)
        return grid.spread(self.cell_losses(grid.pool(outputs), targets, grid))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(K, channels, H, W), (K, M, 5) -> (K,)."""
        grid = self._grid_of(outputs)
        return self.cell_losses(grid.pool(outputs), targets, grid).sum((1, 2))

    def cell_losses(self, cells: Tensor, targets: Tensor, grid: CentreGrid) -> Tensor:
        """(K, channels, rows, columns), (K, M, 5) -> (K, rows, columns)."""
        centres, heat = grid.centres(targets), grid.heat(targets, self.centres).to(cells)
        losses = focal_loss(cells[:, :self.centres] + PRIOR, heat, self.focus).sum(1).flatten(1)
        size = self._residuals(cells, centres).abs()
        near = size.clamp(max=self.rounded)
        regression = REGRESSION_WEIGHT * (near * (size - near / 2)).sum(1) / self._unit * centres.there
        losses = losses.scatter_add(1, centres.cells, regression)
        return (losses / _count(centres)).unflatten(1, (grid.rows, grid.columns))

    def curvature(self, outputs: Tensor, tangent: Tensor, targets: Tensor) -> Tensor:
        """C dz for the mean of the losses: their Hessian in the outputs, which is diagonal in the cells, without what
        of it is negative (see ``focal_curvature``): the nearest one that a solver can take."""
        grid = self._grid_of(outputs)
        cells, tangent = grid.pool(outputs), grid.pool(tangent)
        centres, heat = grid.centres(targets), grid.heat(targets, self.centres).to(cells)
        bent = (self._residuals(cells, centres).abs() < self.rounded) & centres.there[:, None]
        second = torch.cat([
            focal_curvature(cells[:, :self.centres] + PRIOR, heat, self.focus).flatten(2),
            torch.zeros_like(cells[:, self.centres:].flatten(2)).scatter_add(
                2, _everywhere(centres), REGRESSION_WEIGHT / self._unit * bent.to(cells))], 1).view_as(cells)
        return grid.spread(second * tangent / _count(centres)[..., None, None] / len(outputs))

    def _grid_of(self, outputs: Tensor) -> CentreGrid:
        return self.grid or CentreGrid(*outputs.shape[-2:])

    @property
    def _unit(self) -> float:
        """Beyond ``rounded`` the slope is 1; of plain squares the second derivative is."""
        return min(self.rounded, 1.0)

    def _residuals(self, cells: Tensor, centres: Centres) -> Tensor:
        """(K, 4, m); 0 where no box is."""
        own = cells[:, self.centres:].flatten(2).gather(2, _everywhere(centres))
        return (own - centres.regressed.to(own)) * centres.there[:, None]

    # -- what psi lowers -------------------------------------------------------------------------------------------

    def objective(self, batches: Iterable[tuple[Tensor, Tensor]], count: int, objective: str,
                  metric_weight: float) -> Callable[[Tensor, Tensor], Tensor]:
        """"raw": the mean loss. "calibrated": that with logistic heat maps (focus 0) after the best temperature and
        bias of each, so that predicting less does not lower it; they are found here, without a graph. "soft-miou" has
        no meaning here, and "calibrated" is taken in its place.
        """
        if objective == "raw":
            return lambda outputs, targets: self.losses(outputs, targets).sum() / count
        if objective not in ("calibrated", "soft-miou"):
            raise ValueError(f"Unknown objective {objective!r}; it is calibrated, soft-miou or raw")
        calibrated = self.calibration(batches)
        logistic = DetectionTask(self.classes, self.least_side, 0.0, self.rounded, self.grid)
        return lambda outputs, targets: logistic.losses(calibrated(outputs), targets).sum() / count

    @torch.no_grad()
    def calibration(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Callable[[Tensor], Tensor]:
        """Outputs -> outputs with the temperature and the bias of each heat map under which the mean logistic loss
        (focus 0) of all images is least."""
        cells = zip(*(self._cells(outputs, targets) for outputs, targets in batches), strict=True)
        logits, heats, share = (torch.cat(parts, -1) for parts in cells)
        found = [calibrate_logistic(z, heat == 1, weights(heat) * share) for z, heat in zip(logits, heats, strict=True)]

        def calibrated(outputs: Tensor) -> Tensor:
            scale, bias = (outputs.new_tensor(values)[:, None, None] for values in (
                [each.temperature for each in found],
                [each.bias.item() - PRIOR for each in found]))
            return torch.cat([scale * outputs[:, :self.centres] + bias, outputs[:, self.centres:]], 1)

        return calibrated

    def _cells(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of all cells of images: outputs (classes, n) and heat (classes, n); (n,) weight in the sum of the losses."""
        grid = self._grid_of(outputs)
        cells = grid.pool(outputs)[:, :self.centres]
        share = (1 / _count(grid.centres(targets))).expand(-1, grid.rows * grid.columns)
        heat = grid.heat(targets, self.centres).to(cells)
        return cells.transpose(0, 1).flatten(1), heat.transpose(0, 1).flatten(1), share.flatten().to(cells)

    # -- what labels hold, and how good outputs are ----------------------------------------------------------------

    def statistics(self, targets: Tensor) -> Tensor:
        """(K, M, 5) -> (K, S): of each class log area, count and place of its boxes."""
        return box_statistics(targets, len(self.classes))

    def decision(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Average precision looks at the order of scores within a class, which no bias changes."""

    def detections(self, outputs: Tensor) -> Tensor:
        """(K, n, 6): class index, corners as shares of the image, score, of outputs (K, channels, H, W)."""
        grid = self._grid_of(outputs)
        cells = grid.pool(outputs)
        return decode((cells[:, :self.centres] + PRIOR).sigmoid(), cells[:, self.centres:], grid)

    @torch.no_grad()
    def evaluate(self, predict: Callable[[Tensor], Tensor], images: Tensor, targets: Tensor,
                 batch: int = BATCH) -> Scores:
        """Mean loss; average precision at IoU .5, by class that occurs and its mean; and COCO's mAP beside it."""
        total, precision = 0.0, AveragePrecision(self.classes)
        for x, y in zip(images.split(batch), targets.split(batch), strict=True):
            outputs = predict(x)
            total += self.losses(outputs, y).double().sum().item()
            for boxes, found in zip(y.cpu().numpy(), self.detections(outputs).cpu().numpy(), strict=True):
                precision.add(boxes[boxes[:, 0] > 0], found)
        per_class, coco = precision.scores()
        return Scores(total / len(images), _mean(per_class), per_class, {"COCO mAP": _mean(coco)})


def _everywhere(centres: Centres) -> Tensor:
    """(K, 4, m) the cells, for each of the four that are regressed."""
    return centres.cells[:, None].expand(-1, 4, -1)


def _count(centres: Centres) -> Tensor:
    """(K, 1) boxes of each image, 1 at least."""
    return centres.there.sum(1, keepdim=True).clamp(min=1)


def _mean(values: dict[str, float]) -> float:
    return float(np.mean(list(values.values()))) if values else float("nan")
