"""The influence map: which pixels of which renders would help, were they trained on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..tasks.segmentation import SegmentationTask
from .chunks import images_at_once
from .directional_derivative import directional_derivative
from .parameters import Parameters, trainable_parameters


def influence_map(task: SegmentationTask, network: nn.Module, vector: Parameters, images: Tensor, labels: Tensor,
                  chunk: int | None = None) -> Tensor:
    """(K, H, W) v . grad l per pixel, from the same forward-mode pass as w, whose sum over pixels w is.

    Above 0: training on this pixel lowers the validation loss. Images (K, 3, H, W), labels (K, H, W) int64.
    """
    network.eval()
    parameters = trainable_parameters(network)
    chunk = chunk or images_at_once(*images.shape[-2:])
    maps = [directional_derivative(task.losses_of(network, x, y, per_pixel=True), parameters, vector)[0].detach().cpu()
            for x, y in zip(images.split(chunk), labels.split(chunk), strict=True)]
    return torch.cat(maps)
