"""Training of the network on images from q_psi."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .task import Task

#: step -> (images (B, 3, H, W), targets (B, ...)). Called once per step, in order.
Batches = Callable[[int], tuple[Tensor, Tensor]]


def new_optimizer(network: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.Adam((p for p in network.parameters() if p.requires_grad), learning_rate)


def train(
    task: Task,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    steps: int,
    *,
    cosine: bool = False,
    progress: Callable[[float], None] = lambda fraction: None,
) -> None:
    """``steps`` steps on the mean loss; ``cosine`` lets the learning rate fall to zero over them."""
    network.train()
    learning_rates = [group["lr"] for group in optimizer.param_groups]
    for step in range(steps):
        if cosine:
            for group, learning_rate in zip(optimizer.param_groups, learning_rates, strict=True):
                group["lr"] = learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / steps))
        images, targets = batches(step)
        optimizer.zero_grad(set_to_none=True)
        task.losses(network(images), targets).mean().backward()
        optimizer.step()
        progress((step + 1) / steps)
    network.eval()
