"""Statistics of labels, of pictures that one can count."""

import math

import pytest
import torch

from autosimulate_addon.core.tasks.label_statistics import class_columns, label_statistics


def test_area_presence_and_place_of_each_class():
    labels = torch.zeros(2, 11, 21, dtype=torch.long)
    labels[0, 0, :] = 2                         # the top row
    labels[0, 5:, 0] = 255                      # 6 pixels that nobody labelled
    found = label_statistics(labels, 3)
    absent = [math.nan, 0, 0, 0]
    top = [math.log(21 / 225), 1, -1, 0]
    assert found.tolist() == [pytest.approx(absent + top, abs=1e-5, nan_ok=True),
                              pytest.approx(absent + absent, abs=1e-5, nan_ok=True)]
    assert found[0, class_columns(3)[2]].tolist() == pytest.approx(top, abs=1e-5)
