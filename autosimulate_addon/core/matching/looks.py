"""What an image looks like, in a few numbers: how bright, contrasty, coloured, sharp and grainy it is.

They are differentiable in lights and film, which need no new render.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..film import LUMINANCE, without_view_transform

#: In the order of ``looks``.
LOOKS = ("brightness", "shadows", "midtones", "highlights", "red", "blue", "colorfulness", "grain", "detail of 1 pixel",
         "detail of 2 pixels", "detail of 4 pixels")
#: Pixels a side of the squares whose means are free of noise.
_COARSE = 4
#: So small is what has a logarithm taken to be, at least.
_LEAST = 1e-3


def looks(images: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, len(LOOKS)).

    Logarithms of the linear luminance, of the spread of colours, of the noise and of the contrast in three octaves; the
    5th, 50th and 95th percentile of grey; and the mean difference of red and of blue from green.
    """
    weights = images.new_tensor(LUMINANCE)[:, None, None]
    grey, coarse = (images * weights).sum(1, keepdim=True), F.avg_pool2d(images, _COARSE)
    light = (without_view_transform(coarse) * weights).sum(1).mean((1, 2))
    tones = torch.quantile((coarse * weights).sum(1).flatten(1), images.new_tensor([0.05, 0.5, 0.95]), dim=1).T
    colours = coarse[:, (0, 2)] - coarse[:, 1:2]
    return torch.cat([_log(light), tones, colours.mean((2, 3)), _log(colours.std((2, 3)).mean(1)), _log(_grain(grey)),
                      *map(_log, _octaves(grey))], 1)


def _log(values: Tensor) -> Tensor:
    return torch.log(values + _LEAST)[:, None]


def _grain(grey: Tensor) -> Tensor:
    """(B,): of the noise, by the median of the finest diagonal Haar coefficients (Donoho and Johnstone, 1994)."""
    height, width = (side // 2 * 2 for side in grey.shape[-2:])
    grey = grey[:, 0, :height, :width]
    diagonal = (grey[:, ::2, ::2] - grey[:, 1::2, ::2] - grey[:, ::2, 1::2] + grey[:, 1::2, 1::2]) / 2
    return diagonal.abs().flatten(1).median(1).values


def _octaves(grey: Tensor) -> list[Tensor]:
    """(B,) each: the mean difference of pixels from the mean of their square of 2, of 4 and of 8 pixels."""
    found = []
    for _ in range(3):
        coarse = F.avg_pool2d(grey, 2)
        height, width = (2 * side for side in coarse.shape[-2:])
        found.append((grey[..., :height, :width] - F.interpolate(coarse, scale_factor=2.0)).abs().mean((1, 2, 3)))
        grey = coarse
    return found


def energy_distances(renders: Tensor, photographs: Tensor) -> Tensor:
    """(S,): of each column of (K, S) and (N, S) the energy distance, without bias (Szekely and Rizzo, 2013)."""
    return 2 * (renders[:, None] - photographs[None]).abs().mean((0, 1)) - _within(renders) - _within(photographs)


def _within(values: Tensor) -> Tensor:
    """(S,): the mean distance of two different rows of (N, S)."""
    return (values[:, None] - values[None]).abs().sum((0, 1)) / max(1, len(values) * (len(values) - 1))
