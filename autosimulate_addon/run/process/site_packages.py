"""Packages from a folder outside of this Python. The build for the official platform comes without."""

from __future__ import annotations

import importlib
import sys


def add(folder: str) -> None:
    """Makes the packages in ``folder`` importable, after this Python's own."""
    if folder not in sys.path:
        sys.path.append(folder)
        importlib.invalidate_caches()
