"""Frozen encoders: images -> features at half their size, differentiable in the images. A new one is one row."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...protocol import InputError
from ...protocol.packages import needed_by

#: Features are given at this fraction of the images' size, rounded up.
STRIDE = 2


class Encoder(nn.Module):
    """(N, 3, H, W) in [0, 1] -> (N, channels, ceil(H / 2), ceil(W / 2)): the image itself, then maps at several scales.

    Nothing in it is trained, and it stays in evaluation mode. The features of an image depend on that image alone.
    """

    def __init__(self, maps: nn.Module, groups: dict[str, int]) -> None:
        """``maps``: images -> the maps, each (N, c, h, w) at any size. ``groups``: their names and channels, in order.
        """
        super().__init__()
        self.maps = maps
        self.groups = {"colour": 3, **groups}
        self.channels = sum(self.groups.values())
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Encoder:
        return super().train(False)

    def scales(self, images: Tensor) -> list[Tensor]:
        """The groups at their own sizes, each (N, c, h, w): some ten times fewer numbers than the features."""
        height, width = images.shape[-2:]
        size = (-(-height // STRIDE), -(-width // STRIDE))
        return [F.interpolate(images, size=size, mode="area"), *self.maps(images)]

    def forward(self, images: Tensor) -> Tensor:
        scales = self.scales(images)
        size = tuple(scales[0].shape[-2:])
        return torch.cat([F.interpolate(each, size=size, mode="bilinear", align_corners=False) for each in scales], 1)


def make_encoder(name: str = "auto", module: str | Path | None = None, device: torch.device | str = "cpu") -> Encoder:
    """The encoder ``name`` of ENCODERS; "auto" is the pretrained one where its packages are, else the filters.

    ``module``: the Python file of "module". Raises InputError for an unknown name, or where something is missing.
    """
    name = automatic() if name == "auto" else name
    if name not in ENCODERS:
        raise InputError(f"There is no encoder called {name!r}: choose one of auto, {', '.join(ENCODERS)}.")
    return ENCODERS[name](module).to(device)


def automatic() -> str:
    """The encoder that "auto" stands for in this Python."""
    found = all(importlib.util.find_spec(package.module) for package in needed_by("efficientnet"))
    return "efficientnet" if found else "filters"


def _lite(version: int) -> Callable[[str | Path | None], Encoder]:
    def build(module: str | Path | None) -> Encoder:
        from .efficientnet_lite import EfficientNetLite
        maps = EfficientNetLite(version)
        return Encoder(maps, maps.groups)
    return build


def _filters(module: str | Path | None) -> Encoder:
    from .filters import FilterBank
    maps = FilterBank()
    return Encoder(maps, maps.groups)


def _module(module: str | Path | None) -> Encoder:
    from .module_file import load_encoder_file
    maps = load_encoder_file(module)
    return Encoder(maps, maps.groups)


#: (the user's Python file) -> an encoder, by name. What each imports loads here.
ENCODERS: dict[str, Callable[[str | Path | None], Encoder]] = {
    "efficientnet": _lite(0), "efficientnet-lite1": _lite(1), "efficientnet-lite2": _lite(2), "filters": _filters,
    "module": _module}

#: The same, made once in a process for all who ask: nothing in an encoder changes.
shared_encoder: Callable[[str, str | Path | None, str], Encoder] = cache(make_encoder)
