"""This Blender's own Python, as a program. Standard library only."""

from __future__ import annotations

import sys
from pathlib import Path


class PythonError(Exception):
    """One sentence for the user."""


def python_command() -> str:
    """This Blender's own Python. ``sys.executable`` may be another one where Blender runs from a system Python."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [Path(sys.executable or ""), Path(sys.prefix) / "bin" / name, Path(sys.prefix) / "bin" / "python.exe",
              Path(sys.prefix) / "python.exe"]
    inside = [place for place in places if place.is_file() and Path(sys.prefix) in place.parents]
    for place in inside or places:
        if place.is_file():
            return str(place)
    raise PythonError(f"This Blender's Python program ({name}) was not found: install Blender anew")
