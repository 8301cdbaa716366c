"""The network that judges photographs: EfficientNet-Lite0's U-Net at the size of the renders, a quarter of the cost."""

from __future__ import annotations

from torch import nn

from autosimulate_addon.core.networks.efficientnet_unet import EfficientNetUNet


def build(num_classes: int) -> nn.Module:
    return EfficientNetUNet(num_classes, enlarge=1)
