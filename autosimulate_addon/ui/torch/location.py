"""Finds PyTorch, and what the jobs need beside it, without importing: that takes seconds and belongs to the job."""

from __future__ import annotations

import importlib.machinery
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...protocol.packages import needed_by

_VERSION = re.compile(r"^__version__\s*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_CUDA = re.compile(r"^cuda[^=\n]*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)

#: What the window's jobs need beside torch.
COMPANIONS = tuple(each for each in needed_by("optimize", "generate", "preview") if each.name != "torch")

#: Where PyTorch is from, as panels say it.
OF_BLENDER, BY_ADD_ON = "of this Blender's Python", "installed by the add-on"


@dataclass(frozen=True)
class TorchState:
    """PyTorch as found.

    ``site_packages``: the folder to put on the job's path, "" for none. ``missing``: packages that are nowhere.
    ``problem``: one sentence, where it cannot be used.
    """

    version: str = ""
    cuda: str = ""
    folder: str = ""
    source: str = ""
    site_packages: str = ""
    missing: tuple[str, ...] = ()
    problem: str = ""

    @property
    def usable(self) -> bool:
        return bool(self.version) and not self.problem and not self.missing

    @property
    def lacks_packages(self) -> bool:
        """Whether only packages beside PyTorch are missing, and are looked for in the add-on's own folder too."""
        return bool(self.version and self.missing) and not self.problem and self.source == OF_BLENDER

    @property
    def build(self) -> str:
        return f"CUDA {self.cuda}" if self.cuda else "CPU"

    @property
    def line(self) -> str:
        """The state in one line: version, device, where."""
        if self.problem:
            return self.problem
        if not self.version:
            return "PyTorch is not installed"
        found = f"PyTorch {self.version} ({self.build}), {self.source}"
        return f"{found}, but these packages are missing: {', '.join(self.missing)}" if self.missing else found


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
    if compiled and not any(name == "_C" + suffix for name in compiled
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
    wanted = [chosen / "site-packages", chosen / "Lib" / "site-packages", chosen / "lib" / minor / "site-packages",
              *sorted(chosen.glob("lib/python3*/site-packages")), *sorted(chosen.glob("lib/python3*/dist-packages"))]
    return [folder for folder in (*wanted, chosen) if folder.is_dir()]


def search(own: Path, chosen: str = "", path: Sequence[str] | None = None) -> TorchState:
    """The PyTorch a job would use: of the folder chosen by the user, else the add-on's own, else Blender's.

    Args:
        own: the folder that "Install PyTorch" fills.
        chosen: the folder named under "Use PyTorch From", or "".
        path: the folders Python looks in; default ``sys.path``.
    """
    path = [entry for entry in (sys.path if path is None else path) if entry]
    places = candidates(Path(chosen)) if chosen else [own] if own.is_dir() else []
    if chosen and not places:
        return TorchState(problem=f"The folder {chosen} does not exist: choose another, or leave the field empty")
    found = [state for place in places
             if (state := look(place, f"from {place}" if chosen else BY_ADD_ON))]
    found.sort(key=lambda state: bool(state.problem))
    extra = found[0].folder if found else str(places[-1] if len(places) == 1 else places[0]) if places else ""
    found += [state for entry in path if (state := look(Path(entry), OF_BLENDER))]
    if not found:
        problem = f"There is no PyTorch in {chosen}: choose another folder, or leave the field empty" if chosen else ""
        return TorchState(problem=problem)
    state = next((state for state in found if not state.problem), found[0])
    return replace(state, site_packages=extra, missing=missing([*path, extra] if extra else path))


def missing(path: Sequence[str]) -> tuple[str, ...]:
    """The packages a job needs beside torch that are in none of these folders."""
    return tuple(each.name for each in COMPANIONS
                 if importlib.machinery.PathFinder.find_spec(each.module, list(path)) is None)
