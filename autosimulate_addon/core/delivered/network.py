"""A trained learner as one module, its decision rule inside."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ..config import LoopConfig
from ..evaluation import Judge
from ..learners import LEARNERS


class DeliveredNetwork(nn.Module):
    """Images (N, 3, H, W) in [0, 1] -> the task's outputs (N, channels, h, w) with the decision biases added.

    Of segmentation these are logits, whose argmax over the channels is the decided class.
    """

    biases: Tensor

    def __init__(self, network: nn.Module, biases: Tensor) -> None:
        """``biases``: (channels,), see ``Task.decision``."""
        super().__init__()
        self.network = network
        self.register_buffer("biases", biases.detach().float().clone())

    @classmethod
    def of(cls, judge: Judge) -> DeliveredNetwork:
        """A copy of the judge's network, on the CPU."""
        rule = torch.zeros(judge.task.channels) if judge.rule is None else judge.rule
        return cls(copy.deepcopy(judge.learner.module()), rule)._ready()

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images) + self.biases[:, None, None]

    def _ready(self) -> DeliveredNetwork:
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        # (torch's stubs leave memory_format out.)
        return self.to("cpu", memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]


def empty_network(settings: LoopConfig, channels: int) -> DeliveredNetwork:
    """The module that ``settings`` describe, to be filled with the values of a file.

    Raises InputError where it cannot be built: a package is missing, or the user's own file of a "module" is not given.
    """
    learner = LEARNERS[settings.learner]
    return DeliveredNetwork(learner.skeleton(settings, channels), torch.zeros(channels))._ready()
