"""How many processor threads the network may use, and how its memory is kept."""

from __future__ import annotations

import ctypes
import os
import sys

import torch

#: Up to this many pixels an image is too small to share out: on two cores one thread was as fast as two when nothing
#: else ran, and up to ten times as fast when something did (25 training steps at 64x48: 0.96 s against 0.90 to 9.9 s).
_SMALL = 96 * 72
#: Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def use_threads(width: int, height: int) -> None:
    """Sets PyTorch's threads by the size of the images alone, so that a resumed run computes as before.

    Where the system gives this process some of the cores only, more threads than these would wait for each other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(1 if width * height <= _SMALL else cores)
    keep_memory()


def keep_memory() -> None:
    """Has glibc keep freed memory instead of giving it back to the system after every layer of the network.

    Otherwise the same pages are asked for and zeroed in every training step (measured: a fifth of its time). Where the
    C library is another one there is nothing to do.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 1 << 25)     # the most it takes
    mallopt(_M_TRIM_THRESHOLD, 1 << 30)
