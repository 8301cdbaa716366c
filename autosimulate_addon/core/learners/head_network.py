"""A convex head as a network of its own: the encoder, and one linear map of its features."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ..features.encoder import Encoder
from ..tasks.centre_grid import CentreGrid


class HeadNetwork(nn.Module):
    """Images (K, 3, H, W) in [0, 1] -> logits (K, classes, H, W)."""

    def __init__(self, encoder: Encoder, weight: Tensor, bias: Tensor) -> None:
        """``weight`` (channels of the encoder, channels of the task) and ``bias``, of features that are not
        standardised.
        """
        super().__init__()
        self.encoder = encoder
        self.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
        self.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)

    def forward(self, images: Tensor) -> Tensor:
        logits = linear_map(self.encoder.scales(images), self.weight, self.bias)
        return F.interpolate(logits, size=images.shape[-2:], mode="bilinear", align_corners=False)


class BoxHeadNetwork(HeadNetwork):
    """Images (K, 3, H, W) in [0, 1] -> a detector's outputs (K, channels, H, W), the same on all pixels of a cell."""

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        grid = CentreGrid(height, width)
        cells = linear_map(self.encoder.scales(images), self.weight, self.bias, (grid.rows, grid.columns))
        return on_pixels(cells, height, width, grid.stride)


#: Task -> the network of its head.
HEAD_NETWORKS: dict[str, type[HeadNetwork]] = {"segmentation": HeadNetwork, "detection": BoxHeadNetwork}


def linear_map(scales: list[Tensor], weight: Tensor, bias: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """(K, channels, *size), by default the size of the first of ``scales``: a linear map may go before the
    interpolation, which then has fewer channels."""
    size = size or (scales[0].shape[-2], scales[0].shape[-1])
    first, parts = 0, []
    for each in scales:
        channels = each.shape[1]
        own = F.conv2d(each.to(weight), weight[first:first + channels].T[:, :, None, None])
        parts.append(F.interpolate(own, size=size, mode="bilinear", align_corners=False))
        first += channels
    return sum(parts, bias[:, None, None])


def on_pixels(cells: Tensor, height: int, width: int, stride: int) -> Tensor:
    """(..., rows, columns) -> (..., height, width): each cell's value on its ``stride`` x ``stride`` pixels, of which
    those at the border may lack some."""
    return F.interpolate(cells, scale_factor=float(stride), mode="nearest")[..., :height, :width]
