"""Boxes of photographs that a detector looks at through windows."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core.delivered.found_boxes import found_boxes
from autosimulate_addon.core.delivered.photographs import Windows
from autosimulate_addon.core.tasks.boxes import boxes_of_pixels
from autosimulate_addon.core.tasks.centre_grid import CentreGrid
from autosimulate_addon.core.tasks.detection import DetectionTask

TASK = DetectionTask(("background", "cube", "ball"))
SIZE = 24, 32


def outputs(rows):
    """What says exactly that these boxes (class, corners in pixels) are in a window."""
    grid, boxes = CentreGrid(*SIZE), boxes_of_pixels([np.float32(rows).reshape(-1, 5)], *SIZE)
    centres = grid.centres(boxes)
    cells = torch.zeros(1, TASK.channels, grid.rows, grid.columns)
    cells[:, :2] = 20 * (grid.heat(boxes, 2) - 0.5)
    for index in range(len(rows)):
        cells[0, 2:].flatten(1)[:, centres.cells[0, index]] = centres.regressed[0, :, index]
    return cells.repeat_interleave(2, 2).repeat_interleave(2, 3)[0]


def test_what_two_windows_see_is_one_box_where_it_is():
    """A picture of 48 x 24 in windows that begin at 0 and at 16: the ball is in both, a cube in each."""
    seen = [outputs([[1, 2, 3, 10, 9], [2, 18, 6, 28, 18]]), outputs([[2, 2, 6, 12, 18], [1, 20, 10, 30, 22]])]
    windows = Windows(torch.stack(seen), [(0, 0), (0, 16)], SIZE, (24, 48))
    found = found_boxes(TASK, windows)
    found = found[found[:, 5] > 0.5]
    pixels = found[:, :5] * [1, 48, 24, 48, 24]
    expected = [[1, 2, 3, 10, 9], [1, 36, 10, 46, 22], [2, 18, 6, 28, 18]]
    assert pixels[np.lexsort((pixels[:, 1], pixels[:, 0]))].tolist() == [pytest.approx(row, abs=1e-3)
                                                                         for row in expected]
    assert (np.diff(found[:, 5]) <= 0).all()
