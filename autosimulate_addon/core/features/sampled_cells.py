"""Features of some cells of each image: all that a convex detector needs to see of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ..tasks.boxes import trimmed
from ..tasks.centre_grid import CentreGrid
from .sampled import features_at

#: Of an image: the cells of its boxes' centres first, then as many that lie in boxes as others, as far as there are.
CELLS = 200


@dataclass(frozen=True)
class SampledCells:
    """Cells of n images. ``share`` sums to the number of an image's cells.

    ``features`` (n, CELLS, channels) float16; ``heat`` (n, CELLS, classes) float32, see ``CentreGrid``; ``regressed``
    (n, CELLS, 4), ``there`` (n, CELLS) whether the cell stands for a box, of which the first ``count`` (n,) do; a cell
    in which two boxes have their centres is there for each, with a ``share`` of 0 the second time. ``places``
    (n, CELLS): the index of a pixel in its middle in the flat image. After the boxes' the order is random.
    """

    features: Tensor
    heat: Tensor
    regressed: Tensor
    there: Tensor
    count: Tensor
    share: Tensor
    places: Tensor

    def __len__(self) -> int:
        return len(self.count)

    def rows(self, index: Tensor) -> SampledCells:
        return SampledCells(*(getattr(self, each.name)[index] for each in fields(self)))

    def first(self, cells: int) -> SampledCells:
        """The first ``cells`` of each image: its boxes', and others that stand for all the rest."""
        if cells >= self.share.shape[1]:
            return self
        box = torch.arange(self.share.shape[1], device=self.count.device) < self.count[:, None]
        rest = self.share * ~box
        share = torch.where(box, self.share, rest * (rest.sum(1) / rest[:, :cells].sum(1).clamp(min=1e-12))[:, None])
        return SampledCells(self.features[:, :cells], self.heat[:, :cells], self.regressed[:, :cells],
                            self.there[:, :cells], self.count, share[:, :cells], self.places[:, :cells])

    @classmethod
    def join(cls, parts: list[SampledCells]) -> SampledCells:
        return cls(*(torch.cat([getattr(part, each.name) for part in parts]) for each in fields(cls)))


def sample_cells(scales: list[Tensor], boxes: Tensor, seeds: list[int], grid: CentreGrid, classes: int,
                 cells: int = CELLS) -> SampledCells:
    """``cells`` of each image, of its maps (n, c, h, w) at any size and boxes (n, M, 5); all, where it has no more."""
    total = grid.rows * grid.columns
    cells = min(cells, total)
    boxes = trimmed(boxes)[:, :cells]
    centres, heat = grid.centres(boxes), grid.heat(boxes, classes).flatten(2).transpose(1, 2)
    inside = _inside(boxes, grid).flatten(1)
    chosen = [_choose(centres.cells[row][centres.there[row]].cpu(), inside[row].cpu(), cells,
                      torch.Generator().manual_seed(seed)) for row, seed in enumerate(seeds)]
    at, share = (torch.stack(each).to(boxes.device) for each in zip(*chosen, strict=True))
    most = centres.there.shape[1]
    there, regressed = torch.zeros_like(at, dtype=torch.bool), torch.zeros(*at.shape, 4, device=at.device)
    there[:, :most] = centres.there
    regressed[:, :most] = centres.regressed.movedim(1, -1)
    row, column = at // grid.columns, at % grid.columns
    place = torch.stack([(2 * column + 1) / grid.columns, (2 * row + 1) / grid.rows], -1) - 1
    y, x = (((2 * each + 1) * grid.stride // 2).clamp(max=side - 1)
            for each, side in ((row, grid.height), (column, grid.width)))
    return SampledCells(features_at(scales, place), heat.gather(1, at[..., None].expand(-1, -1, classes)), regressed,
                        there, centres.there.sum(1), share, y * grid.width + x)


def _inside(boxes: Tensor, grid: CentreGrid) -> Tensor:
    """(n, rows, columns) bool: whether a cell's middle lies in a box."""
    within = []
    for axis, count in ((1, grid.rows), (0, grid.columns)):
        middle = (torch.arange(count, device=boxes.device) + 0.5) / count
        within.append((middle > boxes[..., 1 + axis, None]) & (middle < boxes[..., 3 + axis, None]))
    return (within[0][..., :, None] & within[1][..., None, :] & (boxes[..., 0] > 0)[..., None, None]).any(1)


def _choose(centres: Tensor, inside: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(cells (count,), how many cells each stands for (count,)): ``centres`` first, one for each box."""
    first = torch.ones(len(centres))
    for place in range(1, len(centres)):
        first[place] = float(not bool((centres[:place] == centres[place]).any()))
    free = torch.ones(len(inside), dtype=torch.bool)
    free[centres] = False
    groups = [(inside & free).nonzero()[:, 0], (~inside & free).nonzero()[:, 0]]
    left = count - len(centres)
    near = min(len(groups[0]), left - min(len(groups[1]), left // 2))
    takes = (near, min(left - near, len(groups[1])))
    places, share = [], []
    for group, take in zip(groups, takes, strict=True):
        places.append(group[torch.randperm(len(group), generator=generator)[:take]])
        share.append(torch.full((take,), len(group) / max(take, 1)))
    lacking = left - sum(takes)             # boxes that share a cell leave fewer than so many
    places.append(torch.zeros(lacking, dtype=torch.long))
    share.append(torch.zeros(lacking))
    order = torch.randperm(left, generator=generator)
    return torch.cat([centres, torch.cat(places)[order]]), torch.cat([first, torch.cat(share)[order]])
