"""Batch statistics are forbidden here: they make the loss of one image depend on the others."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd


def hold_statistics(network: nn.Module) -> None:
    """Puts every BatchNorm (its running statistics then hold) and every dropout into evaluation mode."""
    for module in network.modules():
        if isinstance(module, (_BatchNorm, _DropoutNd)):
            module.eval()


class HeldStatistics(nn.Module):
    """A network whose BatchNorm and dropout layers stay in evaluation mode, also while it trains.

    The affine weights of its BatchNorm layers are trained as any others.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        hold_statistics(self)

    def forward(self, images):
        return self.network(images)

    def train(self, mode: bool = True) -> HeldStatistics:
        super().train(mode)
        hold_statistics(self)
        return self
