"""Keeps what Blender prints while it renders out of standard output, where ``--json`` promises one line only."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

try:
    _C_LIBRARY = ctypes.CDLL(None)      # this process's own C library; has another name on Windows
except (OSError, TypeError):
    _C_LIBRARY = ctypes.CDLL("ucrtbase") if sys.platform == "win32" else None


@contextmanager
def quiet(descriptor: int = 1) -> Iterator[None]:
    """Nothing written to a file descriptor (standard output) inside is seen.

    Python's redirect_stdout does not reach Blender's C code.
    """
    sys.stdout.flush()
    _flush()
    try:
        shown = os.dup(descriptor)
    except OSError:         # no standard output at all (a window started without a console)
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
    try:
        yield
    finally:
        _flush()            # what C has buffered must not come out later
        os.dup2(shown, descriptor)
        os.close(shown)


def _flush() -> None:
    if _C_LIBRARY is not None:
        _C_LIBRARY.fflush(None)
