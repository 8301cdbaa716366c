"""The settings of a run as the optimiser's own configuration."""

from __future__ import annotations

from ..core.loop import LoopConfig
from .config import RunConfig

#: What both call the same. None in a RunConfig leaves the optimiser's own default.
_SHARED = ("method", "approximation", "literal", "iterations", "images", "epochs", "seed", "device", "network",
           "networks", "scored", "network_width", "network_module", "frozen_layers", "learning_rate", "control",
           "match_brightness")


def loop_config(config: RunConfig) -> LoopConfig:
    values = {name: getattr(config, name) for name in _SHARED}
    return LoopConfig(**{name: value for name, value in values.items() if value not in (None, "")})
