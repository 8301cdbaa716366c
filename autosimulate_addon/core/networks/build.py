"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ...protocol import InputError


def build(
    name: str,
    num_classes: int,
    width: int | None = None,
    *,
    frozen_layers: int = 0,
    module: str | Path | None = None,
) -> nn.Module:
    """A new network, its random weights from torch's global generator.

    ``width`` is the number of channels of the first layer (unet) or of the decoder's last (efficientnet).
    ``frozen_layers`` counts layers from the input whose weights stay as they are (paper, Table 5).
    ``module`` is the Python file with ``build(num_classes)`` for "module".
    """
    if width is not None and width < 1:
        raise InputError(f"The network width is {width}: give a positive number of channels.")
    if name not in NETWORKS:
        raise InputError(f"There is no network called {name!r}: choose one of {', '.join(NETWORKS)}.")
    network = NETWORKS[name].make(num_classes, width, module)
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


def _unet(num_classes: int, width: int | None, module: str | Path | None) -> nn.Module:
    from .unet import UNet
    return UNet(num_classes, width or 8)


def _efficientnet(num_classes: int, width: int | None, module: str | Path | None) -> nn.Module:
    from .efficientnet_unet import EfficientNetUNet
    return EfficientNetUNet(num_classes, width or 16)


def _smp(num_classes: int, width: int | None, module: str | Path | None) -> nn.Module:
    from .smp import build_smp
    return build_smp(num_classes)


def _module(num_classes: int, width: int | None, module: str | Path | None) -> nn.Module:
    from .module_file import load_module_file
    return load_module_file(module, num_classes)


@dataclass(frozen=True)
class _Row:
    make: Callable[[int, int | None, str | Path | None], nn.Module]     # of num_classes, width and module file
    learning_rate: float                                                # where the user says none
    # At a thousand renders the hypergradient still differs between networks by as much as it measures: what one network
    # says of psi is partly about itself. One for the large networks, whose training is the cost.
    averaged: int = 1


#: A new network is one file and one row. What a network imports loads when it is made.
NETWORKS = {
    "unet": _Row(_unet, 3e-3, averaged=3),
    "efficientnet": _Row(_efficientnet, 1e-3),
    "smp": _Row(_smp, 1e-3),
    "module": _Row(_module, 1e-3),
}
