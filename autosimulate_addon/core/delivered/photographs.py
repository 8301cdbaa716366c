"""A delivered network on photographs of any size: at the scale that it was trained at, over the whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...protocol import InputError
from ...protocol.photographs import crop_box

#: Windows that the network sees at once, and the most that a photograph may need.
AT_ONCE, MOST_WINDOWS = 8, 64


@dataclass(frozen=True)
class Windows:
    """A photograph at the scale of training as windows of one ``size`` (height, width), whose outputs are (n, channels,
    h, w); ``places`` are their first rows and columns in the ``whole`` (height, width)."""

    outputs: Tensor
    places: list[tuple[int, int]]
    size: tuple[int, int]
    whole: tuple[int, int]

    @classmethod
    def one(cls, outputs: Tensor, size: tuple[int, int]) -> Windows:
        """Of an image of that ``size``: outputs (channels, h, w)."""
        return cls(outputs[None], [(0, 0)], size, size)

    def merged(self) -> Tensor:
        """(channels, h, w): where windows overlap, the mean of their outputs."""
        if len(self.places) == 1:
            return self.outputs[0]
        # A task may give outputs at a fraction of the images' size.
        scale = [out / part for out, part in zip(self.outputs.shape[-2:], self.size, strict=True)]
        height, width = (round(total * by) for total, by in zip(self.whole, scale, strict=True))
        whole, counts = torch.zeros(self.outputs.shape[1], height, width), torch.zeros(height, width)
        for (top, left), each in zip(self.places, self.outputs, strict=True):
            rows = slice(min(round(top * scale[0]), height - each.shape[1]), None)
            columns = slice(min(round(left * scale[1]), width - each.shape[2]), None)
            whole[:, rows, columns][:, :each.shape[1], :each.shape[2]] += each
            counts[rows, columns][:each.shape[1], :each.shape[2]] += 1
        return whole / counts


@torch.no_grad()
def windows_of(network: nn.Module, photograph: Any, size: tuple[int, int]) -> Windows:
    """Of a PIL image in mode RGB; ``size`` is the (width, height) that the network was trained at.

    The photograph comes to the scale at which training would have cut it to that aspect. Where its aspect is another it
    then is longer in one direction, and is looked at through overlapping windows. Raises InputError for one that is far
    longer than wide.
    """
    pixels = _at_scale(photograph, *size)                                    # (3, H, W)
    whole, part = (pixels.shape[-2], pixels.shape[-1]), (size[1], size[0])
    starts = [_starts(total, side) for total, side in zip(whole, part, strict=True)]
    places = [(top, left) for top in starts[0] for left in starts[1]]
    windows = torch.stack([pixels[:, top:top + size[1], left:left + size[0]] for top, left in places])
    return Windows(torch.cat([network(some) for some in windows.split(AT_ONCE)]), places, part, whole)


def outputs_of(network: nn.Module, photograph: Any, size: tuple[int, int]) -> Tensor:
    """(channels, h, w) of the whole photograph (see ``windows_of``)."""
    return windows_of(network, photograph, size).merged()


def class_map(outputs: Tensor, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) uint8, the class with the highest of ``outputs`` (classes, h, w) enlarged, and (H, W) float32, its
    probability.

    One class after the other, because all of them at the size of a photograph would not fit into memory.
    """
    best = total = None
    classes = np.zeros((height, width), np.uint8)
    for index, each in enumerate(outputs):
        here = F.interpolate(each[None, None], size=(height, width), mode="bilinear", align_corners=False)[0, 0]
        if best is None or total is None:
            best, total = here, here.clone()
            continue
        classes[(here > best).numpy()] = index
        best, total = torch.maximum(best, here), torch.logaddexp(total, here)
    assert best is not None and total is not None
    return classes, (best - total).exp_().numpy()


def _at_scale(photograph: Any, width: int, height: int) -> Tensor:
    """(3, H, W) in [0, 1], with H >= ``height`` and W >= ``width``, one of them equal."""
    from PIL import Image

    left, top, right, bottom = crop_box(photograph.size, width, height)
    whole = (max(width, round(photograph.width * width / (right - left))),
             max(height, round(photograph.height * height / (bottom - top))))
    if whole[0] > MOST_WINDOWS * width / 2 or whole[1] > MOST_WINDOWS * height / 2:
        raise InputError(f"it is {photograph.width} x {photograph.height} pixels, far longer than the {width} x "
                         f"{height} that the network knows")
    # A copy: PIL's memory is read-only.
    resized = np.array(photograph.resize(whole, Image.Resampling.BILINEAR))
    return torch.from_numpy(resized).permute(2, 0, 1).float() / 255.0


def _starts(total: int, part: int) -> list[int]:
    """Where windows of ``part`` begin that cover ``total``, at even distances, overlapping by a quarter or more."""
    count = 1 if total == part else 1 + -(-4 * (total - part) // (3 * part))
    return [round(position) for position in np.linspace(0, total - part, count)]
