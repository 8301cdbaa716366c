"""What an image looks like, in a few numbers: how bright, contrasty, coloured, sharp and grainy it is.

They are differentiable in lights and film, which need no new render.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from ..film import LUMINANCE, without_view_transform

#: In the order of ``looks``.
LOOKS = ("brightness", "shadows", "midtones", "highlights", "red", "blue", "colorfulness", "grain",
         "sharpness of 1 pixel", "sharpness of 2 pixels")
#: Pixels a side of the squares whose means are free of noise.
_COARSE = 4
#: Pixels a side of the squares in which grain is looked for, and the share of them that is smoother than the one it is
#: taken of: the texture of things counts as grain where a photograph is small.
_SQUARE, _SMOOTH = 8, 0.2
#: The share of squares in which sharpness is looked for, those with the most contrast, and how many at least: how much
#: of a photograph is plain says nothing of how sharp its edges are.
_EDGES, _FEWEST = 0.05, 6
#: The grain of white noise of standard deviation 1: by 10,000 images of 64 x 48 pixels.
_OF_NOISE = 0.67
#: So small is what has a logarithm taken to be, at least.
_LEAST = 1e-3


def looks(images: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> (B, len(LOOKS)).

    Logarithms of the linear luminance, of the spread of colours, of the noise where an image is smooth, and of the
    contrast of an octave over that of the next coarser one, which is sharpness and not what there is to see; the 5th,
    50th and 95th percentile of grey; and the mean difference of red and of blue from green.
    """
    weights = images.new_tensor(LUMINANCE)[:, None, None]
    grey, coarse = (images * weights).sum(1, keepdim=True), F.avg_pool2d(images, _COARSE)
    light = (without_view_transform(coarse) * weights).sum(1).mean((1, 2))
    tones = torch.quantile((coarse * weights).sum(1).flatten(1), images.new_tensor([0.05, 0.5, 0.95]), dim=1).T
    colours = coarse[:, (0, 2)] - coarse[:, 1:2]
    grain = _grain(grey)
    return torch.cat([_log(light), tones, colours.mean((2, 3)), _log(colours.std((2, 3)).mean(1)), _log(grain),
                      *(_log(fine) - _log(coarse) for fine, coarse in pairwise(_octaves(grey, grain)))], 1)


def _log(values: Tensor) -> Tensor:
    return torch.log(values + _LEAST)[:, None]


def _grain(grey: Tensor) -> Tensor:
    """(B,): of the noise, by the finest diagonal Haar coefficients (Donoho and Johnstone, 1994) of smooth squares."""
    height, width = (side // 2 * 2 for side in grey.shape[-2:])
    grey = grey[:, :, :height, :width]
    diagonal = (grey[..., ::2, ::2] - grey[..., 1::2, ::2] - grey[..., ::2, 1::2] + grey[..., 1::2, 1::2]) / 2
    squares = F.avg_pool2d(diagonal.abs(), _SQUARE // 2, ceil_mode=True)
    return torch.quantile(squares.flatten(1), _SMOOTH, dim=1)


def _octaves(grey: Tensor, grain: Tensor) -> list[Tensor]:
    """(B,) each: the root mean square difference of pixels from the mean of their square of 2, of 4 and of 8 pixels,
    in the squares of 8 pixels where the last of them is largest: at edges.

    Without what white noise of this ``grain`` (B,) adds to it: three quarters of its variance, a quarter of that in the
    next coarser octave.
    """
    height, width = (side // _SQUARE * _SQUARE for side in grey.shape[-2:])
    grey, by_octave, square = grey[..., :height, :width], [], _SQUARE
    while square > 1:
        coarse = F.avg_pool2d(grey, 2)
        difference = (grey - F.interpolate(coarse, scale_factor=2.0)).square()
        by_octave.append(F.avg_pool2d(difference, square).flatten(1))       # (B, squares)
        grey, square = coarse, square // 2
    count = by_octave[-1].shape[1]
    edges = by_octave[-1].topk(min(count, max(_FEWEST, round(_EDGES * count))), 1).indices
    found, noise = [], 0.75 * (grain / _OF_NOISE) ** 2
    for squares in by_octave:
        found.append((squares.gather(1, edges).mean(1) - noise).clamp(min=_LEAST ** 2).sqrt())
        noise = noise / 4
    return found


def energy_distances(renders: Tensor, photographs: Tensor) -> Tensor:
    """(S,): of each column of (K, S) and (N, S) the energy distance, without bias (Szekely and Rizzo, 2013)."""
    return 2 * (renders[:, None] - photographs[None]).abs().mean((0, 1)) - _within(renders) - _within(photographs)


def _within(values: Tensor) -> Tensor:
    """(S,): the mean distance of two different rows of (N, S)."""
    return (values[:, None] - values[None]).abs().sum((0, 1)) / max(1, len(values) * (len(values) - 1))
