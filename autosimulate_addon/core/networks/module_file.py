"""The user's own network: a Python file with ``build(num_classes) -> torch.nn.Module``.

The file is code that the user names on the command line or in the panel, and it runs with the user's rights. It is
never taken from a .blend file or from a run directory.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...protocol import InputError
from .normalisation import HeldStatistics


def load_module_file(path: str | Path | None, num_classes: int) -> nn.Module:
    """The network that ``build(num_classes)`` of the file makes. Raises InputError if there is no such thing."""
    build = load_function(path, "build(num_classes)", "network", "--network-module")
    try:
        network = build(num_classes)
    except (Exception, SystemExit) as error:
        raise InputError(f"build({num_classes}) in {path} fails ({type(error).__name__}: {error}): mend the file."
                         ) from error
    if not isinstance(network, nn.Module):
        raise InputError(f"build(num_classes) in {path} returned {type(network).__name__}: return a torch.nn.Module.")
    return HeldStatistics(network)


def check_output(network: nn.Module, channels: int, height: int, width: int, file: str) -> None:
    """Raises InputError unless ``network``, built by ``file``, makes (1, channels, height, width) of an image."""
    try:
        with torch.no_grad():
            made = network.eval()(torch.zeros(1, 3, height, width))
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise InputError(f"The network of {file} fails on an image of {width} x {height} pixels "
                         f"({type(error).__name__}: {reason}): mend the file, or choose another size.") from error
    wanted = (1, channels, height, width)
    if not isinstance(made, torch.Tensor) or tuple(made.shape) != wanted:
        found = tuple(made.shape) if isinstance(made, torch.Tensor) else f"a {type(made).__name__}"
        raise InputError(f"The network of {file} makes {found} of an image of {width} x {height} pixels: let "
                         f"build({channels}) return one that makes {wanted}, a value for each class and pixel.")


def load_function(path: str | Path | None, call: str, what: str, flag: str) -> Callable[..., Any]:
    """The function of the user's file that is called as ``call`` and makes a network or an encoder (``what``).

    ``flag`` is what names the file on the command line. Raises InputError if there is no such function.
    """
    if path is None:
        raise InputError(f"The {what} 'module' needs a Python file with {call}: give {flag}.")
    path = Path(path)
    spec = importlib.util.spec_from_file_location(f"autosimulate_user_{what}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"There is no Python file {path} to build the {what} from: check {flag}.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:        # SystemExit: a script that reads a command line of its own
        raise InputError(f"{path} cannot be loaded ({type(error).__name__}: {error}): mend the file.") from error
    builder = getattr(module, call.partition("(")[0], None)
    if not callable(builder):
        raise InputError(f"{path} has no function {call}: add one that returns a torch.nn.Module.")
    return builder
