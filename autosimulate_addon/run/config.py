"""What a run was asked to do: the settings, where each value came from, and config.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..protocol import InputError
from .record.directory import read_json, write_json

METHODS = ("autosimulate", "lts", "bo", "random", "none")
APPROXIMATIONS = ("quadratic", "approximate-quadratic", "linear", "no-validation")
DEVICES = ("auto", "cpu", "cuda")
DEMO_STARTS = ("narrow", "wide")
NETWORKS = ("unet", "efficientnet", "smp", "module")

FORMAT = "autosimulate-run"
VERSION = 1


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's result. Sizes in pixels, paths absolute."""

    scene: str = ""                 # the .blend the run began from; "" is the built-in demo
    validation: str = ""            # folder of real, labelled images; "" in the demo, which renders its own
    test: str = ""                  # images the optimisation never sees, for the final comparison
    method: str = "autosimulate"
    approximation: str = "quadratic"
    literal: bool = False
    iterations: int = 20
    images: int = 24                # rendered per iteration
    epochs: int | None = None       # None: the optimiser's own default
    width: int = 128
    height: int = 96
    samples: int | None = None      # Cycles samples a pixel; None: the scene's own
    seed: int = 0
    device: str = "auto"
    network: str = "unet"
    networks: int | None = None     # that the hypergradient is averaged over; None: the optimiser's own default
    scored: int | None = None       # renders that a step of psi looks at; None: the optimiser's own default
    network_width: int | None = None
    network_module: str = ""
    frozen_layers: int = 0
    learning_rate: float | None = None
    control: bool = True            # also run the null control, whose psi never moves
    match_brightness: bool = True   # lights far from the photographs' brightness are brought to it first
    count: int | None = None        # images a fresh network is trained on; None: iterations x images
    compare: bool = True            # the final comparison by fresh networks
    fresh_networks: int = 3         # of each of the two, in the final comparison and in evaluate
    demo_start: str = "narrow"      # where the demo begins

    def __post_init__(self) -> None:
        for name, choices in (("method", METHODS), ("approximation", APPROXIMATIONS), ("device", DEVICES),
                              ("network", NETWORKS), ("demo_start", DEMO_STARTS)):
            value = getattr(self, name)
            if value not in choices:
                raise InputError(f"--{name.replace('_', '-')} {value!r} is not known; choose one of {', '.join(choices)}.")
        for name, least, most in (("iterations", 1, 100_000), ("images", 2, 100_000), ("epochs", 1, 100_000),
                                  ("width", 8, 8192), ("height", 8, 8192), ("samples", 1, 1 << 20),
                                  ("networks", 1, 100), ("scored", 1, 100_000), ("network_width", 1, 4096),
                                  ("count", 1, 10_000_000), ("fresh_networks", 1, 100), ("frozen_layers", 0, 1000),
                                  ("seed", 0, (1 << 31) - 1)):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)
                                      or not least <= value <= most):
                raise InputError(f"--{name.replace('_', '-')} must be a whole number from {least} to {most}, "
                                 f"not {value!r}.")
        if self.learning_rate is not None and not 0.0 < self.learning_rate < 10.0:
            raise InputError(f"--learning-rate must lie between 0 and 10, not {self.learning_rate!r}.")
        if self.network == "module" and not self.network_module:
            raise InputError("--network module needs --network-module FILE, a Python file with build(num_classes).")

    @property
    def fresh_count(self) -> int:
        """Images each fresh network of the final comparison is trained on."""
        return self.count or self.iterations * self.images


FIELDS = {field.name: field for field in dataclasses.fields(RunConfig)}


def combine(*sources: Mapping[str, Any]) -> RunConfig:
    """A configuration from several partial ones, first wins; None means "not said". Unknown names are an InputError."""
    values: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            if name not in FIELDS:
                raise InputError(f"Setting '{name}' is not known; known are {', '.join(sorted(FIELDS))}.")
            if value is not None:
                values.setdefault(name, value)
    return RunConfig(**values)


def save(config: RunConfig, path: Path, extra: Mapping[str, Any] | None = None) -> None:
    write_json(path, {"format": FORMAT, "version": VERSION, **dataclasses.asdict(config), **(extra or {})})


def load(path: Path) -> RunConfig:
    """Reads config.json; keys this version does not know are ignored, so that older programs open newer runs."""
    stored = read_json(path, "run's config.json")
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise InputError(f"'{path}' is not the config.json of a run.")
    try:
        return RunConfig(**{name: value for name, value in stored.items() if name in FIELDS})
    except TypeError as error:
        raise InputError(f"'{path}' holds a setting of the wrong kind ({error}).") from error


def differences(asked: Mapping[str, Any], config: RunConfig) -> list[str]:
    """Names of the settings in ``asked`` (None: not said) that differ from ``config``."""
    return [name for name, value in asked.items()
            if name in FIELDS and value is not None and value != getattr(config, name)]
