"""An encoder that needs no weights: colours blurred, and the energy of oriented edges, at several scales."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: The image is halved between one scale and the next, so many times at most, and never below _LEAST pixels.
SCALES, ORIENTATIONS = 4, 4
_LEAST = 8
#: Of a Gabor filter: pixels, of its side, of its wave and of its envelope's standard deviation.
_SIDE, _WAVE, _ENVELOPE = 7, 4.0, 1.6
#: Luminance and two colour differences.
_OPPONENTS = ((0.299, 0.587, 0.114), (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))


class FilterBank(nn.Module):
    """At each scale RGB (from the second on), and Gabor energy at ORIENTATIONS of three opponent colours.

    Source of the filters: Gabor energy, as in Jain and Farrokhnia, "Unsupervised texture segmentation using Gabor
    filters", 1991.
    """

    opponents: Tensor
    gabor: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("opponents", torch.tensor(_OPPONENTS).view(3, 3, 1, 1))
        self.register_buffer("gabor", _gabor())
        edges = 3 * ORIENTATIONS
        self.groups = {f"scale {2 ** scale}": edges + 3 * (scale > 0) for scale in range(SCALES)}

    def forward(self, images: Tensor) -> list[Tensor]:
        features, x = [], images
        for scale in range(SCALES):
            if scale and min(x.shape[-2:]) >= 2 * _LEAST:
                x = F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
            maps = self._energy(F.conv2d(x, self.opponents.to(x)))
            features.append(torch.cat([x, maps], 1) if scale else maps)
        return features

    def _energy(self, x: Tensor) -> Tensor:
        """(N, 3, h, w) -> (N, 3 * ORIENTATIONS, h, w): the length of each pair of filters' answers."""
        count, _, height, width = x.shape
        x = F.pad(x.reshape(count * 3, 1, height, width), [_SIDE // 2] * 4, mode="replicate")
        even, odd = F.conv2d(x, self.gabor.to(x)).unflatten(1, (2, ORIENTATIONS)).unbind(1)
        return (even.square() + odd.square() + 1e-8).sqrt().reshape(count, 3 * ORIENTATIONS, height, width)


def _gabor() -> Tensor:
    """(2 * ORIENTATIONS, 1, side, side): even and odd filters without a mean, each of length 1."""
    at = torch.arange(_SIDE, dtype=torch.float32) - _SIDE // 2
    y, x = torch.meshgrid(at, at, indexing="ij")
    envelope = torch.exp(-(x.square() + y.square()) / (2 * _ENVELOPE ** 2))
    filters = []
    for wave in (torch.cos, torch.sin):
        for index in range(ORIENTATIONS):
            angle = math.pi * index / ORIENTATIONS
            each = envelope * wave(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / _WAVE)
            each = each - envelope * each.sum() / envelope.sum()
            filters.append(each / each.norm())
    return torch.stack(filters)[:, None]
