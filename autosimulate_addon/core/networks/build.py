"""Networks by name."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ...protocol import InputError

NETWORKS = ("unet", "efficientnet", "smp", "module")


def build(
    name: str,
    num_classes: int,
    width: int | None = None,
    *,
    frozen_layers: int = 0,
    module: str | Path | None = None,
) -> nn.Module:
    """A fresh network, its random weights from torch's global generator.

    ``width`` is the number of channels of the first layer (unet) or of the decoder's last (efficientnet).
    ``frozen_layers`` counts layers from the input whose weights stay as they are (paper, Table 5).
    ``module`` is the Python file with ``build(num_classes)`` for "module".
    """
    if width is not None and width < 1:
        raise InputError(f"The network width is {width}: give a positive number of channels.")
    if name == "unet":
        from .unet import UNet
        network = UNet(num_classes, width or 8)
    elif name == "efficientnet":
        from .efficientnet_unet import EfficientNetUNet
        network = EfficientNetUNet(num_classes, width or 16)
    elif name == "smp":
        from .smp import build_smp
        network = build_smp(num_classes)
    elif name == "module":
        from .module_file import load_module_file
        network = load_module_file(module, num_classes)
    else:
        raise InputError(f"There is no network called {name!r}: choose one of {', '.join(NETWORKS)}.")
    freeze(network, frozen_layers)
    return network


def freeze(network: nn.Module, layers: int) -> None:
    """Takes the first ``layers`` convolution layers (with the normalisation that follows each) out of training."""
    if layers <= 0:
        return
    seen = 0
    for module in network.modules():
        seen += isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear))
        if seen > layers:
            break
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise InputError(f"Freezing {layers} layers leaves nothing to train: the network has only {seen}.")
