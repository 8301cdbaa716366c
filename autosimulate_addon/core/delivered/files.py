"""A delivered network in the three forms that other programs load."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from ...protocol import InputError

#: The file with the values, from which the others can be made.
VALUES = "model.safetensors"
#: What the images and the outputs are called in the ONNX file.
INPUT, OUTPUT = "images", "outputs"
#: The most images at once that an exported program takes.
MOST_IMAGES = 4096


def write_safetensors(network: nn.Module, size: tuple[int, int], path: Path) -> None:
    """The values by name, as safetensors."""
    from safetensors.torch import save

    path.write_bytes(save({name: value.contiguous().clone() for name, value in network.state_dict().items()}))


def read_safetensors(network: nn.Module, path: Path) -> None:
    """Fills ``network`` with the values of ``path``. Raises InputError where they are not its own."""
    if missing := missing_packages("safetensors"):
        raise InputError(f"The network '{path}' is read by a package that is not here: pip install {missing}.")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError as error:
        raise InputError(f"There is no network at '{path}'.") from error
    except (SafetensorError, OSError) as error:
        raise InputError(f"The network '{path}' cannot be read ({error}).") from error
    except RuntimeError as error:
        raise InputError(f"'{path}' does not hold the values of the network that the network.json beside it describes: "
                         f"take both from one run.") from error


def write_program(network: nn.Module, size: tuple[int, int], path: Path) -> None:
    """As torch.export has it: what ``torch.export.load`` reads, without this project's code."""
    with _quiet():
        torch.export.save(_program(network, size), path)


def write_onnx(network: nn.Module, size: tuple[int, int], path: Path) -> None:
    """As ONNX, in one file, for any number of images of ``size`` (width, height)."""
    with _quiet():
        torch.onnx.export(_program(network, size), (), path, input_names=[INPUT], output_names=[OUTPUT], dynamo=True,
                          external_data=False, verbose=False)


#: File name -> (what writes it, the packages that it needs beside torch).
WRITERS: dict[str, tuple[Callable[[nn.Module, tuple[int, int], Path], None], tuple[str, ...]]] = {
    VALUES: (write_safetensors, ("safetensors",)),
    "model.pt2": (write_program, ()),
    "model.onnx": (write_onnx, ("onnx", "onnxscript"))}


def missing_packages(*names: str) -> str:
    """Those of ``names`` that are not installed, separated by spaces."""
    return " ".join(name for name in names if importlib.util.find_spec(name) is None)


def _program(network: nn.Module, size: tuple[int, int]) -> ExportedProgram:
    width, height = size
    return torch.export.export(network, (torch.zeros(2, 3, height, width),),
                               dynamic_shapes=({0: Dim("images", min=1, max=MOST_IMAGES)},))


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporters warn of packages that nobody here uses."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
