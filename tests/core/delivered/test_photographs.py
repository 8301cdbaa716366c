"""Photographs of any size: the class of every pixel is that of the enlarged outputs, wherever the windows lie."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from autosimulate_addon.core.delivered.photographs import class_map, outputs_of
from autosimulate_addon.protocol import InputError


class Colours(nn.Module):
    """The channels themselves: what the network sees of a pixel is told apart in its outputs."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, images):
        self.sizes.append(tuple(images.shape[-2:]))
        return images


def photograph(width, height):
    random = np.random.default_rng(width)
    small = Image.fromarray(random.integers(0, 255, (4, 6, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def test_of_the_same_aspect_it_is_what_validation_sees():
    network = Colours()
    picture = photograph(320, 240)
    outputs = outputs_of(network, picture, (64, 48))
    assert network.sizes == [(48, 64)]
    expected = np.asarray(picture.resize((64, 48), Image.Resampling.BILINEAR)) / 255
    assert np.abs(outputs.permute(1, 2, 0).numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("size", [(700, 240), (200, 640), (321, 240), (48, 48)])
def test_of_another_aspect_all_of_it_is_seen_at_the_scale_of_training(size):
    network = Colours()
    picture = photograph(*size)
    outputs = outputs_of(network, picture, (64, 48))
    assert set(network.sizes) == {(48, 64)}
    whole = outputs.shape[-1:-3:-1]
    assert whole[0] / whole[1] == pytest.approx(size[0] / size[1], rel=0.02) and min(whole[0] - 64, whole[1] - 48) == 0
    expected = np.asarray(picture.resize(tuple(whole), Image.Resampling.BILINEAR)) / 255
    assert np.abs(outputs.permute(1, 2, 0).numpy() - expected).max() < 1e-6


def test_outputs_at_a_fraction_of_the_size_come_together_too():
    outputs = outputs_of(nn.AvgPool2d(4), photograph(700, 240), (64, 48))
    assert outputs.shape == (3, 12, 35) and outputs.isfinite().all()


def test_a_strip_is_refused():
    with pytest.raises(InputError, match="far longer"):
        outputs_of(Colours(), Image.new("RGB", (30000, 10)), (64, 48))


def test_the_class_map_is_the_argmax_of_the_enlarged_outputs():
    outputs = torch.randn(5, 12, 16, generator=torch.Generator().manual_seed(1))
    large = F.interpolate(outputs[None], size=(90, 133), mode="bilinear", align_corners=False)[0]
    classes, probability = class_map(outputs, 90, 133)
    assert np.array_equal(classes, large.argmax(0).numpy())
    assert probability == pytest.approx(large.softmax(0).amax(0).numpy(), abs=1e-5)
