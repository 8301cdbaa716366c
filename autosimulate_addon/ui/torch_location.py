"""Finds PyTorch without importing it: importing takes seconds and belongs to the background job.

Standard library only.
"""

from __future__ import annotations

import importlib.machinery
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

_VERSION = re.compile(r"^__version__\s*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_CUDA = re.compile(r"^cuda[^=\n]*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)


@dataclass(frozen=True)
class TorchState:
    """PyTorch as found. ``folder``: what goes on the job's path. ``problem``: one sentence, where it cannot be used."""

    version: str = ""
    cuda: str = ""
    folder: str = ""
    source: str = ""
    problem: str = ""

    @property
    def usable(self) -> bool:
        return bool(self.version) and not self.problem

    @property
    def build(self) -> str:
        return f"CUDA {self.cuda}" if self.cuda else "CPU"

    @property
    def line(self) -> str:
        """The state in one line: version, device, where."""
        if self.usable:
            return f"PyTorch {self.version} ({self.build}), {self.source}"
        return self.problem or "PyTorch is not installed"


def look(folder: Path, source: str) -> TorchState | None:
    """The PyTorch inside one site-packages folder, or None."""
    package = folder / "torch"
    try:
        text = (package / "version.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    version, cuda = _VERSION.search(text), _CUDA.search(text)
    compiled = [file.name for file in package.glob("_C.*") if file.suffix in {".so", ".pyd"}]
    problem = ""
    if compiled and not any(name.endswith(suffix) for name in compiled
                            for suffix in importlib.machinery.EXTENSION_SUFFIXES):
        problem = (f"The PyTorch in {folder} is made for another Python; "
                   f"this Blender needs one for Python {sys.version_info.major}.{sys.version_info.minor}")
    return TorchState(version=version[1] if version else "?", cuda=cuda[1] if cuda else "", folder=str(folder),
                      source=source, problem=problem)


def candidates(chosen: Path) -> list[Path]:
    """The site-packages folders that a path given by a person may mean: itself, or the environment around it."""
    if chosen.is_file():                                # .../bin/python
        chosen = chosen.parent.parent
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [chosen, chosen / "site-packages", chosen / "Lib" / "site-packages",
            chosen / "lib" / minor / "site-packages",
            *sorted(chosen.glob("lib/python3*/site-packages")), *sorted(chosen.glob("lib/python3*/dist-packages"))]


def search(own: Path, chosen: str = "", path: Iterable[str] | None = None) -> TorchState:
    """The PyTorch a job would use: the one chosen by the user, else the add-on's own, else Blender's.

    Args:
        own: the folder that "Install PyTorch" fills.
        chosen: the folder named under "Use PyTorch from", or "".
        path: the folders Python looks in; default ``sys.path``.
    """
    if chosen:
        found = [state for state in (look(folder, f"from {folder}") for folder in candidates(Path(chosen))) if state]
        usable = [state for state in found if state.usable]
        if usable or found:
            return (usable or found)[0]
        return TorchState(problem=f"There is no PyTorch in {chosen}: choose another folder, or leave the field empty")
    state = look(own, "installed by the add-on")
    if state:
        return state
    for entry in sys.path if path is None else path:
        state = look(Path(entry), "of this Blender's Python") if entry else None
        if state and state.usable:
            return state
    return TorchState()
