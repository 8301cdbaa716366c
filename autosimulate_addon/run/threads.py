"""How many processor threads the network may use."""

from __future__ import annotations

import os

import torch

#: Up to this many pixels an image is too small to share out: on two cores one thread was as fast as two when nothing
#: else ran, and up to ten times as fast when something did (25 training steps at 64x48: 0.96 s against 0.90 to 9.9 s).
_SMALL = 96 * 72


def use_threads(width: int, height: int) -> None:
    """Sets PyTorch's threads by the size of the images alone, so that a resumed run computes as before.

    Where the system gives this process some of the cores only, more threads than these would wait for each other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(1 if width * height <= _SMALL else cores)
