"""Pixels that are taken out of an encoder's maps."""

import torch

from autosimulate_addon.core.features.sampled import sample


def test_maps_in_half_precision_give_the_same_pixels():
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(3, channels, 192 // stride, 256 // stride, generator=generator)
            for channels, stride in ((24, 2), (40, 4), (112, 8), (320, 16))]
    labels = torch.randint(0, 3, (3, 192, 256), generator=generator)
    whole, half = (sample(scales, labels, [1, 2, 3]) for scales in (maps, [each.half() for each in maps]))
    assert torch.equal(whole.places, half.places)
    torch.testing.assert_close(half.features.float(), whole.features.float(), atol=4e-3, rtol=2e-3)
