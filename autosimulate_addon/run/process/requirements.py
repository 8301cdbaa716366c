"""Is what the jobs need installed in the Python that runs them (Blender's own usually has no PyTorch)?"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

from ...protocol import InputError
from ...protocol.packages import needed_by


def use_site_packages(folder: str | None) -> None:
    """Makes the packages in ``folder`` importable, after this Python's own."""
    if folder is None:
        return
    folder = os.path.abspath(os.path.expanduser(folder))
    if not os.path.isdir(folder):
        raise InputError(f"--site-packages '{folder}' is not a folder.")
    if importlib.util.find_spec(f"{__package__}.site_packages") is None:
        raise InputError("--site-packages is not in this build of AutoSimulate: leave it out, and use a Blender "
                         "whose own Python has PyTorch.")
    importlib.import_module(".site_packages", __package__).add(folder)


def check_blender() -> None:
    """Raises InputError when neither Blender nor the bpy module runs this."""
    if not _installed("bpy"):
        raise InputError(f"Blender is missing: run this as 'blender -b scene.blend -P headless/run.py -- ...', or "
                         f"install its module with '{sys.executable} -m pip install bpy'.")


def check(command: str, method: str = "", network: str = "", task: str = "", tensorboard: bool = False) -> None:
    """Raises InputError that names every missing package and the command that installs them."""
    wanted = needed_by(command, method, network, task, *(("tensorboard",) if tensorboard else ()))
    missing = [package.name for package in wanted if not _installed(package.module)]
    if missing:
        raise InputError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed in this Python {_version()}: "
            f"run '{sys.executable} -m pip install --target DIR {' '.join(missing)}' and add --site-packages DIR (or "
            f"give the folder where they already are).")
    for package in wanted:
        if package.module in sys.modules:
            continue
        try:
            importlib.import_module(package.module)
        except Exception as error:      # made for another Python or processor, or something that it needs is missing
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            name = "PyTorch" if package.name == "torch" else f"package {package.name}"
            raise InputError(f"The installed {name} cannot be loaded by this Python {_version()} "
                             f"({reason.rstrip(': ')}): install what it needs beside it, or give --site-packages a "
                             f"folder with one made for this Python.") from error


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _installed(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
