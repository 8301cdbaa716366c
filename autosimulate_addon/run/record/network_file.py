"""network/: what a run gives to take home. network.json says how its models are fed and what their outputs mean."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.config import LoopConfig
from ...core.delivered import DeliveredNetwork, empty_network
from ...core.delivered.files import INPUT, OUTPUT, VALUES, read_safetensors
from ...core.features.encoder import automatic
from ...core.tasks import make_task
from ...protocol import InputError
from .directory import NetworkDirectory, RunDirectory, read_json, write_json
from .provenance import provenance

FORMAT = "autosimulate-network"
VERSION = 1
#: Of a LoopConfig, what decides the module. The user's own files are not among them: a path would not be the reader's,
#: and nobody runs code because a file names it.
_BUILT_FROM = ("task", "learner", "network", "network_width", "frozen_layers", "encoder")
_MOST_CLASSES = 255


@dataclass(frozen=True)
class Description:
    """What network.json holds of how the models are used."""

    settings: LoopConfig
    classes: tuple[str, ...]
    size: tuple[int, int]           # (width, height) of the images that it was trained on


def write(path: Path, description: Description, network: DeliveredNetwork, about: Mapping[str, Any]) -> None:
    """``about``: what else is to be known, such as the scores."""
    settings, classes, (width, height) = description.settings, description.classes, description.size
    built = {name: getattr(settings, name) for name in _BUILT_FROM}
    if built["encoder"] == "auto":
        built["encoder"] = automatic()
    write_json(path, {
        "format": FORMAT, "version": VERSION, **built, "classes": classes,
        "input": {"name": INPUT, "shape": ["images", 3, height, width], "width": width, "height": height,
                  "channels": "RGB", "scale": 1 / 255, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0],
                  "note": "pixels / 255; what else the network subtracts and divides by is inside of it"},
        "output": {"name": OUTPUT, "note": make_task(settings.task, classes, settings).outputs_mean},
        "decision_biases": network.biases.tolist() if len(network.biases) != len(classes) else
        dict(zip(classes, network.biases.tolist(), strict=True)),
        **about, "written_by": provenance()})


def find(given: str | os.PathLike[str]) -> NetworkDirectory:
    """The network of a run directory, or the one that is given itself. Raises InputError where there is none."""
    path = Path(given).expanduser().absolute()
    for directory in (RunDirectory(path).network, NetworkDirectory(path)):
        if directory.description.is_file():
            return directory
    if RunDirectory(path).config.exists():
        raise InputError(f"The run '{given}' has no network: it has not ended, or was asked for none (--no-compare).")
    raise InputError(f"There is no network at '{given}': give a run that has ended, or its folder network.")


def read(directory: NetworkDirectory, network_module: str | None = None, encoder_module: str | None = None
         ) -> tuple[Description, DeliveredNetwork]:
    """The network with its values. The two files are the user's own, which a network of the kind "module" needs.

    Nothing of the folder is run: its numbers fill a module of this program, or of the user's own file.
    """
    description = _description(directory.description, network_module, encoder_module)
    channels = _channels(directory.description)
    network = empty_network(description.settings, channels)
    read_safetensors(network, directory.model(VALUES))
    return description, network


def _channels(path: Path) -> int:
    biases = read_json(path, "network's network.json").get("decision_biases")
    if not isinstance(biases, (dict, list)) or not 0 < len(biases) <= 8 * _MOST_CLASSES:
        raise InputError(f"'{path}' has no decision_biases; take the network from its run again.")
    return len(biases)


def _description(path: Path, network_module: str | None, encoder_module: str | None) -> Description:
    stored = read_json(path, "network's network.json")
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise InputError(f"'{path}' is not the network.json of a network of this program.")
    known = {field.name: field.default for field in dataclasses.fields(LoopConfig)}
    built = {name: stored.get(name, known[name]) for name in _BUILT_FROM}
    classes, size = stored.get("classes"), stored.get("input")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes) or \
            not 2 <= len(classes) <= _MOST_CLASSES:
        raise InputError(f"'{path}' names no classes; take the network from its run again.")
    sides = [size.get(side) if isinstance(size, dict) else None for side in ("width", "height")]
    if not all(isinstance(side, int) and 8 <= side <= 8192 for side in sides):
        raise InputError(f"'{path}' has no input size; take the network from its run again.")
    text = ("task", "learner", "network", "encoder")
    if not all(isinstance(built[name], str) for name in text):
        raise InputError(f"'{path}': {', '.join(text)} must be names.")
    settings = LoopConfig(**built, network_module=network_module, encoder_module=encoder_module)
    return Description(settings, tuple(classes), (sides[0], sides[1]))
