"""The settings of a run as the optimiser's own configuration."""

from __future__ import annotations

import dataclasses

from ..core.loop import LoopConfig
from .config import FIELDS, RunConfig


def loop_config(config: RunConfig) -> LoopConfig:
    """What both call the same. None in a RunConfig leaves the optimiser's own default."""
    shared = [field.name for field in dataclasses.fields(LoopConfig) if field.name in FIELDS]
    values = {name: getattr(config, name) for name in shared}
    return LoopConfig(**{name: value for name, value in values.items() if value not in (None, "")})
