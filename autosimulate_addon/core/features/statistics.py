"""Statistics of whole images, in features and in labels: what distributions of images are compared by."""

from __future__ import annotations

import torch
from torch import Tensor

from ..datasets.dataset import IGNORE
from .encoder import Encoder

#: Pixels, as images, that an encoder is given at once.
_MOST_PIXELS = 8 * 256 * 192
#: Share of an image below which a class is taken to be absent; and what is added to a share before its logarithm.
PRESENT, FLOOR = 2e-4, 1e-4


def image_statistics(encoder: Encoder, images: Tensor, chunk: int | None = None) -> Tensor:
    """(N, 2 * channels) float32: mean and standard deviation over each image of its features.

    ``images`` (N, 3, H, W) in [0, 1]. Differentiable in them; without a gradient they are taken ``chunk`` at a time.
    """
    chunk = chunk or max(1, _MOST_PIXELS // (images.shape[-2] * images.shape[-1]))
    with torch.set_grad_enabled(images.requires_grad and torch.is_grad_enabled()):
        return torch.cat([_mean_and_std(encoder(some)) for some in images.split(chunk)])


def _mean_and_std(features: Tensor) -> Tensor:
    variance, mean = torch.var_mean(features, (2, 3), correction=0)
    return torch.cat([mean, (variance + 1e-10).sqrt()], 1)


def feature_groups(encoder: Encoder) -> dict[str, Tensor]:
    """The columns of ``image_statistics`` that belong to each scale of the encoder, by its name."""
    groups, first = {}, 0
    for name, count in encoder.groups.items():
        columns = torch.arange(first, first + count)
        groups[name] = torch.cat([columns, columns + encoder.channels])
        first += count
    return groups


def label_statistics(targets: Tensor, classes: int, instances: Tensor | None = None) -> Tensor:
    """(N, S) float32 of class maps (N, H, W): for each class but the background log area, presence and place.

    The place is that of the centroid, from -1 to 1 along height and width, and that of the middle where the class is
    absent. With ``instances`` (N, H, W), ids from 1, also how many objects of the class are seen. Areas are shares of
    the labelled pixels.
    """
    known = targets != IGNORE
    labelled = known.sum((1, 2)).clamp(min=1)
    height, width = targets.shape[-2:]
    y = torch.linspace(-1, 1, height, device=targets.device).view(1, -1, 1)
    x = torch.linspace(-1, 1, width, device=targets.device).view(1, 1, -1)
    columns = []
    for index in range(1, classes):
        mask = (targets == index).float()
        pixels = mask.sum((1, 2))
        share = pixels / labelled
        present = share > PRESENT
        columns += [torch.log(share + FLOOR), present.float()]
        columns += [torch.where(present, (mask * axis).sum((1, 2)) / pixels.clamp(min=1), 0.0) for axis in (y, x)]
        if instances is not None:
            columns.append(_count(mask.bool(), instances, PRESENT * labelled))
    return torch.stack(columns, 1) if columns else torch.zeros(len(targets), 0)


def _count(mask: Tensor, instances: Tensor, least: Tensor) -> Tensor:
    """(N,): the instances of which more than ``least`` (N,) pixels lie in the mask (N, H, W)."""
    ids = torch.where(mask, instances.long(), 0).flatten(1)
    pixels = torch.zeros(len(ids), int(ids.max()) + 1, device=ids.device)
    pixels.scatter_add_(1, ids, torch.ones_like(ids, dtype=pixels.dtype))
    return (pixels[:, 1:] > least[:, None]).sum(1).float()


def label_groups(classes: int, counted: bool = False) -> dict[int, Tensor]:
    """The columns of ``label_statistics`` that belong to each class; ``counted``: with instances."""
    each = 5 if counted else 4
    return {index: torch.arange(each) + each * (index - 1) for index in range(1, classes)}
