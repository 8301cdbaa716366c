"""The user's own encoder: a Python file with ``build_encoder() -> torch.nn.Module``, run as the network's file is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ...protocol import InputError
from ..networks.module_file import load_function

#: Of the image that the file's encoder is tried with.
_TRIED = 64


class OwnEncoder(nn.Module):
    """The maps (N, c, h, w) of the user's module: one, or a list of several."""

    def __init__(self, module: nn.Module, path: Path) -> None:
        super().__init__()
        self.module, self.path = module.eval(), path
        try:
            with torch.no_grad():
                maps = self(torch.zeros(1, 3, _TRIED, _TRIED))
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"The encoder of {path} cannot take an image of {_TRIED} x {_TRIED} pixels "
                             f"({type(error).__name__}: {error}): mend the file.") from error
        self.groups = {f"map {index + 1}": each.shape[1] for index, each in enumerate(maps)}

    def forward(self, images: Tensor) -> list[Tensor]:
        outputs = self.module(images)
        maps = list(outputs) if isinstance(outputs, Sequence) else [outputs]
        if not maps or not all(isinstance(each, Tensor) and each.dim() == 4 for each in maps):
            raise InputError(f"The encoder of {self.path} must return features (N, channels, height, width), or a list "
                             "of such.")
        return maps


def load_encoder_file(path: str | Path | None) -> OwnEncoder:
    """What ``build_encoder()`` of the file makes. Raises InputError if there is no such thing."""
    module = load_function(path, "build_encoder()", "encoder", "--encoder-module")()
    if not isinstance(module, nn.Module):
        raise InputError(f"build_encoder() in {path} returned {type(module).__name__}: return a torch.nn.Module.")
    return OwnEncoder(module, Path(str(path)))
