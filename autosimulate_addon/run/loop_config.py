"""The settings of a run as the optimiser's own configuration."""

from __future__ import annotations

import dataclasses

from ..core.loop import LoopConfig
from .config import FIELDS, RunConfig

#: What the validation images decide where it is "auto".
DECIDED = ("task", "learner", "objective")


def loop_config(config: RunConfig) -> LoopConfig:
    """What both call the same. None in a RunConfig leaves the optimiser's own default, and so does what no data set has
    decided yet."""
    shared = [field.name for field in dataclasses.fields(LoopConfig) if field.name in FIELDS]
    values = {name: getattr(config, name) for name in shared
              if name not in DECIDED or getattr(config, name) != "auto"}
    return LoopConfig(**{name: value for name, value in values.items() if value not in (None, "")})
