"""Search methods by name. A new one is one file beside this one and one row."""

from __future__ import annotations

from typing import Any

from ...protocol import InputError
from ..psi import Psi
from .autosimulate import AutoSimulate
from .base import Search
from .bayesian import BayesianOptimisation
from .lts import LearningToSimulate
from .match import Match
from .none import NoSearch
from .published import Published
from .random_search import RandomSearch

#: The methods that a user names.
METHODS: dict[str, type[Search]] = {
    "autosimulate": AutoSimulate,
    "published": Published,
    "match": Match,
    "lts": LearningToSimulate,
    "bo": BayesianOptimisation,
    "random": RandomSearch,
    "none": NoSearch,
}


def search_class(settings: Any) -> type[Search]:
    """The class that ``settings`` (see ``LoopConfig``) asks for. Raises InputError if there is none of that name."""
    if settings.method not in METHODS:
        raise InputError(f"There is no method called {settings.method!r}: choose one of {', '.join(METHODS)}.")
    return METHODS[settings.method]


def make(settings: Any, start: Psi) -> Search:
    """The search method that ``settings`` asks for, at ``start``, with its own options taken from there."""
    return search_class(settings).of(settings, start)
