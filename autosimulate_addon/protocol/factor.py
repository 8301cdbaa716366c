"""Factors: what is drawn, and from which family of distributions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .vocabulary import FAMILIES, film_name

#: Families over the real line or an interval. A draw is float64 of shape (count, size).
#: The others are over ``Factor.items``: int64 of shape (count, 1), positions in ``items``.
CONTINUOUS = tuple(key for key, words in FAMILIES.items() if words.continuous)

#: The largest number that psi holds in plain units, some orders below the largest of single precision, in which Blender
#: keeps its properties: the mean and standard deviation of a normal, the median of a log-normal (and 1 / LARGEST its
#: least).
LARGEST = 1e35
#: A log-normal's standard deviation is at most this many means, and at least this part of one: every moment is finite.
WIDEST_RATIO = 1e9

#: One draw s: a value for every factor, by ``Factor.key``; shapes as above. In a *rendered* draw (``Render.draw``)
#: NaN, or -1 for the discrete families, says that a value did not reach the image (its object was not there): it is
#: left out of log q and of the score.
Draw = Mapping[str, np.ndarray]


class SampleKey(NamedTuple):
    """Names one draw for ever: the same key gives the same draw and the same image, whatever the order or worker."""

    seed: int
    iteration: int
    sample: int


@dataclass(frozen=True)
class Factor:
    """One learnable quantity with its own distribution, independent of all others.

    ``count`` objects may share the distribution: each then draws a value of its own.
    A value has ``size`` components (3 for a location), each with its own parameters of psi.

    ``start`` holds psi in plain units: ``mean`` and ``std`` (arrays of ``size``, in ``unit``) for the continuous
    families, also for log-normal and bounded ones, where they are the moments of the distribution itself;
    ``p`` (array of ``len(items)``, summing to 1) for the discrete ones.
    """

    key: str
    family: str
    count: int = 1
    size: int = 1
    low: np.ndarray | None = None       # (size,) limits in plain units; required for "bounded", else a clip on draws
    high: np.ndarray | None = None
    items: tuple[str, ...] = ()         # discrete families: the label of each choice; bernoulli: ("off", "on")
    start: Mapping[str, np.ndarray] = field(default_factory=dict)
    locked: bool = False                # drawn, but psi does not move
    unit: str = ""
    #: Discrete families: for each thing that several items have in common, the number of each item's group.
    shared: tuple[tuple[int, ...], ...] = ()
    owners: tuple[int, ...] = ()        # per drawn value, its instance index in Render.instances (or empty)

    @property
    def continuous(self) -> bool:
        return self.family in CONTINUOUS

    @property
    def film(self) -> bool:
        """Whether this acts on the image after rendering (see ``core.film``)."""
        return film_name(self.key) != ""
