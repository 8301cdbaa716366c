"""A pixel head as a network of its own: the encoder, and one linear map of its features."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ..features.encoder import Encoder


class HeadNetwork(nn.Module):
    """Images (K, 3, H, W) in [0, 1] -> logits (K, classes, H, W)."""

    def __init__(self, encoder: Encoder, weight: Tensor, bias: Tensor) -> None:
        """``weight`` (channels of the encoder, classes) and ``bias`` (classes,), of features that are not standardised.
        """
        super().__init__()
        self.encoder = encoder
        self.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
        self.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)

    def forward(self, images: Tensor) -> Tensor:
        logits = linear_map(self.encoder.scales(images), self.weight, self.bias)
        return F.interpolate(logits, size=images.shape[-2:], mode="bilinear", align_corners=False)


def linear_map(scales: list[Tensor], weight: Tensor, bias: Tensor) -> Tensor:
    """(K, classes, H / 2, W / 2): a linear map may go before the interpolation, which then has fewer channels."""
    size = scales[0].shape[-2:]
    first, parts = 0, []
    for each in scales:
        channels = each.shape[1]
        own = F.conv2d(each.to(weight), weight[first:first + channels].T[:, :, None, None])
        parts.append(F.interpolate(own, size=size, mode="bilinear", align_corners=False))
        first += channels
    return sum(parts, bias[:, None, None])
