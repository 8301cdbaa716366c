"""A U-Net of segmentation-models-pytorch, where that package is installed."""

from __future__ import annotations

from torch import nn

from ...protocol import InputError
from .normalisation import HeldStatistics


def build_smp(num_classes: int, encoder: str = "resnet18") -> nn.Module:
    """smp.Unet with ``encoder``, weights random: the package would download pretrained ones."""
    try:
        import segmentation_models_pytorch
    except ImportError as error:
        raise InputError("The network 'smp' needs a package: pip install segmentation-models-pytorch, "
                         "or choose --network unet.") from error
    return HeldStatistics(_Resized(segmentation_models_pytorch.Unet(encoder, encoder_weights=None,
                                                                    classes=num_classes)))


class _Resized(nn.Module):
    """The package demands sizes that are multiples of 32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images):
        from .unet import MEAN, STD, pad_to_multiple

        x, height, width = pad_to_multiple((images - MEAN) / STD, 32)
        return self.network(x)[..., :height, :width]
