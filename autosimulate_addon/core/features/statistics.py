"""Statistics of whole images in an encoder's features: what distributions of images are compared by."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .encoder import Encoder

#: Pixels, as images, that an encoder is given at once.
_MOST_PIXELS = 8 * 256 * 192


def image_statistics(encoder: Encoder, images: Tensor, chunk: int | None = None) -> Tensor:
    """(N, 2 * channels) float32: mean and standard deviation over each image of its features, at their own sizes.

    ``images`` (N, 3, H, W) in [0, 1]. Differentiable in them; without a gradient they are taken ``chunk`` at a time.
    """
    chunk = chunk or max(1, _MOST_PIXELS // (images.shape[-2] * images.shape[-1]))
    with torch.set_grad_enabled(images.requires_grad and torch.is_grad_enabled()):
        # Channels last takes two thirds of the time on a CPU.
        return torch.cat([_mean_and_std(encoder.scales(some.contiguous(memory_format=torch.channels_last)))
                          for some in images.split(chunk)])


def _mean_and_std(maps: Sequence[Tensor]) -> Tensor:
    moments = [torch.var_mean(each, (2, 3), correction=0) for each in maps]
    return torch.cat([*(mean for _, mean in moments), *((variance + 1e-10).sqrt() for variance, _ in moments)], 1)


def feature_groups(encoder: Encoder) -> dict[str, Tensor]:
    """The columns of ``image_statistics`` that belong to each scale of the encoder, by its name."""
    groups, first = {}, 0
    for name, count in encoder.groups.items():
        columns = torch.arange(first, first + count)
        groups[name] = torch.cat([columns, columns + encoder.channels])
        first += count
    return groups
