"""The influence map: which pixels of which renders would help, were they trained on."""

from __future__ import annotations

import torch
from torch import Tensor

from ..tasks.task import Task
from .chunks import images_at_once
from .directional_derivative import directional_derivative
from .model import Model, parts_of
from .parameters import Parameters


def influence_map(task: Task, model: Model, vector: Parameters, images: Tensor, targets: Tensor) -> Tensor:
    """(K, H, W) v . grad l per pixel, from the same forward-mode pass as w, whose sum over pixels w is.

    Above 0: training on this pixel lowers the validation loss. Images (K, 3, H, W), targets (K, ...).
    """
    theta = model.theta
    chunk = images_at_once(*images.shape[-2:])
    maps = [directional_derivative(parts_of(task, model, x, y), theta, vector)[0].detach().cpu()
            for x, y in zip(images.split(chunk), targets.split(chunk), strict=True)]
    return task.influence(torch.cat(maps))
