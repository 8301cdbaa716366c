"""numbers.json: what a run came to. Its fields are named only here.

The final comparison in ``rows``: networks trained afresh on images from the start (``start``) and from the learned
distributions (``learned``), and where there are photographs to train on beside them (--real) also without them
(``synthetic only``) and on them alone (``real only``).
"""

# Without "from __future__ import annotations": see ``Typed``.
import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from .typed import Typed

#: Standard errors to either side of an interval that holds the truth 19 times in 20.
WIDTH = 1.96
#: Why a round of matching ended.
NOTHING_HEARD, OUT_OF_REACH, NO_GAIN, STEPS = "nothing_heard", "out_of_reach", "no_gain", "steps"


@dataclass(frozen=True)
class Row(Typed):
    """What fresh networks (judges) that were trained in one way came to: means over them, and the value of each."""

    loss: float = math.nan
    metric: float = math.nan            # from 0 to 1
    per_class: dict[str, float] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    metrics: list[float] = field(default_factory=list)
    decided_metric: float = math.nan    # with the decision rule that was chosen on the validation images
    decided_metrics: list[float] = field(default_factory=list)
    val_loss: float = math.nan          # on the validation images
    val_metric: float = math.nan
    val_per_class: dict[str, float] = field(default_factory=dict)
    images: int = 0                     # renders that each was trained on
    steps: int = 0
    also: dict[str, float] = field(default_factory=dict)        # the task's other metrics, by name

    @staticmethod
    def spread(values: list[float]) -> float:
        """The standard deviation between judges, NaN where one alone was asked."""
        return statistics.stdev(values) if len(values) > 1 else math.nan


@dataclass(frozen=True)
class Move(Typed):
    """A coordinate of psi that matching moved, in plain units. ``z``: standard errors, the largest of all rounds."""

    coordinate: str
    start: float
    end: float
    z: float


@dataclass(frozen=True)
class Unheard(Typed):
    """The coordinate that came nearest to being heard, and what it would take, were it as large as it looks."""

    coordinate: str
    z: float                            # standard errors
    renders: float                      # independent ones that the estimate is worth
    needed: int                         # as many would make it heard,
    photographs: float = 1.0            # with so many times the photographs that there are
    asked: float = math.nan             # standard errors from which on it would be heard


@dataclass(frozen=True)
class Matching(Typed):
    """What matching did in all of its rounds. Pairs are MMD^2 before the first and after the last."""

    renders: int = 0
    rounds: int = 0
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    moved: list[Move] = field(default_factory=list)
    classes: dict[str, list[float]] = field(default_factory=dict)
    scales: dict[str, list[float]] = field(default_factory=dict)
    areas: dict[str, list[float]] = field(default_factory=dict)     # of an image, by the last psi and in photographs
    ended: str = ""                     # NOTHING_HEARD, ..., of the last round
    unheard: Unheard | None = None


@dataclass(frozen=True)
class Coordinate(Typed):
    """One number of psi: where it began and ended, in plain units, and what says so."""

    name: str
    key: str                            # of its factor
    start: float
    end: float
    slope: float = math.nan             # in units of the deviation of w, mean over the iterations
    error: float = math.nan             # its standard error
    matched: float = math.nan           # standard errors by which matching heard it

    @property
    def interval(self) -> tuple[float, float]:
        """Of the slope."""
        return self.slope - WIDTH * self.error, self.slope + WIDTH * self.error

    @property
    def sure(self) -> bool:
        """Whether what moved it is told from chance (1 in 20 is so by chance)."""
        return abs(self.slope) > WIDTH * self.error or abs(self.matched) > WIDTH

    @property
    def asked(self) -> bool:
        """Whether anything was asked about it at all."""
        return not (math.isnan(self.slope) and math.isnan(self.matched))


@dataclass(frozen=True)
class Agreement(Typed):
    """How sure a run is of where it went. Cosines; 1: they say the same, 0: they have nothing in common."""

    renders: float = math.nan           # of v, from each half of the renders
    photographs: float = math.nan       # of the hypergradient, from each half of the photographs in their names' order
    networks: float = math.nan          # of the hypergradient, between networks that were trained on the same renders
    iterations: int = 0                 # that asked a hypergradient
    coordinates: list[Coordinate] = field(default_factory=list)


@dataclass(frozen=True)
class Numbers(Typed):
    """The whole file."""

    method: str = ""
    approximation: str = ""
    seed: int | None = None
    iterations: int = 0
    rendered: int = 0                   # images
    val_loss: float = math.nan          # of the running network, after the last iteration
    val_metric: float = math.nan
    control_val_loss: float = math.nan
    control_val_metric: float = math.nan
    images: int = 0                     # renders that each judge was trained on
    judges: int = 0                     # of each row
    split: str = "validation"           # or "test": the images they were scored on
    split_images: int = 0
    metric_name: str = ""               # what the task calls its metric
    rows: dict[str, Row] = field(default_factory=dict)
    match: Matching | None = None
    agreement: Agreement | None = None
    seconds: float = math.nan

    @staticmethod
    def of(written: Any) -> "Numbers":
        """What can be read of ``written``."""
        found = Numbers.read(written) if isinstance(written, dict) else None
        return found if found is not None else Numbers()
