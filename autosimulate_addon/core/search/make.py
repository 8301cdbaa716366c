"""Search methods by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...protocol import InputError
from ..psi import Psi
from .method import SearchMethod

if TYPE_CHECKING:
    from ..config import LoopConfig

METHODS = ("autosimulate", "lts", "bo", "random", "none")


def make(config: LoopConfig, start: Psi) -> SearchMethod:
    """The search method that ``config`` asks for, at ``start``."""
    if config.method == "autosimulate" and config.literal:
        from .literal import Literal
        return Literal(start, config.approximation, config.literal_step_size)
    if config.method == "autosimulate":
        from .autosimulate import AutoSimulate
        return AutoSimulate(start, config.estimator_options, config.step, config.match_brightness)
    if config.method == "lts":
        from .lts import LearningToSimulate
        return LearningToSimulate(start)
    if config.method == "bo":
        from .bayesian import BayesianOptimisation
        return BayesianOptimisation(start, config.seed)
    if config.method == "random":
        from .random_search import RandomSearch
        return RandomSearch(start, config.seed)
    if config.method == "none":
        from .none import NoSearch
        return NoSearch(start)
    raise InputError(f"There is no method called {config.method!r}: choose one of {', '.join(METHODS)}.")
