"""The settings of a run as the optimiser's own configuration."""

from __future__ import annotations

import dataclasses

from ..core.loop import LoopConfig
from .config import FIELDS, RunConfig


def loop_config(config: RunConfig) -> LoopConfig:
    """What both call the same. None in a RunConfig leaves the optimiser's own default, and so does a task that no
    data set has decided yet."""
    shared = [field.name for field in dataclasses.fields(LoopConfig) if field.name in FIELDS]
    values = {name: getattr(config, name) for name in shared if (name, getattr(config, name)) != ("task", "auto")}
    return LoopConfig(**{name: value for name, value in values.items() if value not in (None, "")})
