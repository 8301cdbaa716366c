"""A U-Net whose encoder is EfficientNet-Lite0 with ImageNet weights, for real photographs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .efficientnet_lite import ENLARGE, MEAN, STD, efficientnet_lite
from .normalisation import hold_statistics
from .unet import pad_to_multiple

#: The block after which the features of each scale (1/2, 1/4, 1/8, 1/16) are taken, and their channels.
TAPS = {0: 16, 2: 24, 4: 40, 10: 112}
STRIDE = 16


class EfficientNetUNet(nn.Module):
    """Encoder to stride 16 (11 of its 16 blocks), a decoder of bilinear steps, each with one 3x3 convolution.

    It ends at half the enlarged size, by default that of the images.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, num_classes: int, width: int = 16, pretrained: bool = True, enlarge: int = ENLARGE) -> None:
        super().__init__()
        self.enlarge = enlarge
        encoder = efficientnet_lite(0, "The network 'efficientnet'", "--network unet", pretrained)
        self.stem = nn.Sequential(encoder._conv_stem, encoder._bn0, nn.ReLU6())
        self.blocks = encoder._blocks[: max(TAPS) + 1]
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        channels = list(TAPS.values())[::-1]                            # deepest first: 112, 40, 24, 16
        outs = [8 * width, 4 * width, 2 * width, width]
        self.reduce = nn.Conv2d(channels[0], outs[0], 1)
        self.decode = nn.ModuleList(
            nn.Conv2d(outs[i] + channels[i + 1], outs[i + 1], 3, padding=1) for i in range(3))
        self.head = nn.Conv2d(width, num_classes, 1)
        hold_statistics(self)

    def train(self, mode: bool = True) -> EfficientNetUNet:
        super().train(mode)
        hold_statistics(self)
        return self

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        x = F.interpolate(images, scale_factor=self.enlarge, mode="bilinear", align_corners=False)
        x, _, _ = pad_to_multiple((x - self.mean) / self.std, STRIDE)
        x, features = self.stem(x), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in TAPS:
                features.append(x)
        x = F.relu(self.reduce(features.pop()))
        for convolution in self.decode:
            skip = features.pop()
            x = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            x = F.relu(convolution(torch.cat([x, skip], 1)))
        x = self.head(x)        # half the enlarged size
        if self.enlarge < ENLARGE:
            x = F.interpolate(x, scale_factor=ENLARGE / self.enlarge, mode="bilinear", align_corners=False)
        return x[..., :height, :width]
