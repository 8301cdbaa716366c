"""EfficientNet-Lite with ImageNet weights as an encoder."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

from ..networks.efficientnet_lite import ENLARGE, MEAN, STD, efficientnet_lite

#: What the deepest features are smaller by.
DEEPEST = 32


class EfficientNetLite(nn.Module):
    """The last features at each of the strides 4, 8, 16 and 32 of the enlarged image, which keeps small objects seen.

    Of Lite0: those after the blocks 2, 4, 10 and 15, with 24, 40, 112 and 320 channels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, version: int = 0) -> None:
        super().__init__()
        encoder = efficientnet_lite(version, f"The encoder EfficientNet-Lite{version}", "--encoder filters")
        self.stem = nn.Sequential(_folded(encoder._conv_stem, encoder._bn0), nn.ReLU6(inplace=True))
        self.blocks = encoder._blocks
        for block in self.blocks:
            _fold(block)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        strides, stride = [], 2                             # that of the stem
        for block in self.blocks:
            step = block._block_args.stride                 # [s] or s
            stride *= step if isinstance(step, int) else step[0]
            strides.append(stride)
        #: Block -> its stride, where the next one is coarser.
        self.taps = {index: now for index, (now, then) in enumerate(pairwise([*strides, 0])) if now != then and now > 2}
        self.groups = {f"stride {now}": int(self.blocks[index]._project_conv.out_channels)
                       for index, now in self.taps.items()}

    def forward(self, images: Tensor) -> list[Tensor]:
        x = F.interpolate(images, scale_factor=ENLARGE, mode="bilinear", align_corners=False)
        height, width = x.shape[-2:]
        x = F.pad((x - self.mean) / self.std, (0, -width % DEEPEST, 0, -height % DEEPEST), mode="replicate")
        x, features = self.stem(x), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                stride = self.taps[index]
                features.append(x[..., :-(-height // stride), :-(-width // stride)])       # without the padding
        return features


def _fold(block: nn.Module) -> None:
    """Each convolution of a block and the normalisation after it become one: half of the time on a CPU."""
    pairs = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
    for convolution, normalisation in pairs:
        if hasattr(block, convolution):
            setattr(block, convolution, _folded(getattr(block, convolution), getattr(block, normalisation)))
            setattr(block, normalisation, nn.Identity())
    block._swish = nn.ReLU6(inplace=True)


def _folded(convolution: nn.Conv2d, normalisation: nn.BatchNorm2d) -> nn.Conv2d:
    assert normalisation.running_mean is not None and normalisation.running_var is not None
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight, convolution.bias, normalisation.running_mean, normalisation.running_var, normalisation.eps,
        normalisation.weight, normalisation.bias)
    return convolution
