"""events.jsonl: what a job says while it goes on, one JSON object a line. Events and their fields are named only here.

``core`` reports Rendered and Trained, ``run`` writes, the report and the window read. See ``typed`` for what may be
missing from a line.
"""

# Without "from __future__ import annotations": the fields' types are looked at, and are to be types, not texts.
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .numbers import Numbers
from .typed import Typed, number

#: What a job does, by ``Progress.phase``, in words.
PHASES = {"prepare": "Preparing", "optimize": "Optimizing", "final": "Comparing with fresh networks",
          "report": "Writing the report", "render": "Rendering", "train": "Training",
          "predict": "Predicting"}


@dataclass(frozen=True)
class Event(Typed):
    """One line. As it stands: one that this program does not know, or cannot make sense of."""

    event: ClassVar[str] = ""
    time: float = field(default=math.nan, kw_only=True)         # when it was written, seconds since 1970

    def to_json(self) -> dict[str, Any]:
        """The line as a dictionary; NaN is still to be made null."""
        return {"event": self.event, **super().to_json()}

    @staticmethod
    def from_json(line: Mapping[str, Any]) -> "Event":
        """The event that a line holds."""
        known = {cls.event: cls for cls in Event.__subclasses__()}
        found = known.get(str(line.get("event")), Event).read(line)
        return found if found is not None else Event(time=number(line.get("time")))


@dataclass(frozen=True)
class Start(Event):
    """A job began, or went on after a resume."""

    event = "start"
    pid: int = 0
    command: str | None = None          # of a preview or a data set
    method: str | None = None
    approximation: str | None = None
    iterations: int | None = None
    images: int | None = None           # per iteration, or in all
    seed: int | None = None
    metric_name: str | None = None      # what the task calls its metric
    learner: str | None = None          # the one that is trained, "auto" decided
    width: int | None = None
    height: int | None = None
    factors: list[Any] | None = None    # {"key", "family", "unit"} of each

    def settings(self) -> dict[str, Any]:
        """What the job was asked to do, as far as this tells."""
        return {name: value for name, value in self.to_json().items()
                if name not in ("event", "time", "pid", "factors")}


@dataclass(frozen=True)
class Progress(Event):
    """How far the whole job is."""

    event = "progress"
    phase: str = ""                     # one of PHASES
    fraction: float = math.nan          # of the whole job, 0..1
    eta_seconds: float = math.nan
    images: int = 0                     # rendered so far


@dataclass(frozen=True)
class Rendered(Event):
    """One more image is there."""

    event = "render"
    done: int                           # of ``total``
    total: int
    iteration: int | None = None
    sample: int | None = None           # its number in the iteration

    @property
    def fraction(self) -> float:
        return self.done / self.total


@dataclass(frozen=True)
class Trained(Event):
    """A training got on."""

    event = "train"
    fraction: float                     # of the training
    iteration: int | None = None


#: ``Iteration.status`` of one in which the photographs' statistics were matched.
MATCHED = "matched"


@dataclass(frozen=True)
class Iteration(Event):
    """One complete iteration of a run, with its null control beside it. Metrics are from 0 to 1."""

    event = "iteration"
    iteration: int
    images: int                         # rendered so far
    steps: int = 0                      # of training, so far
    val_loss: float = math.nan
    val_metric: float = math.nan
    control_val_loss: float = math.nan
    control_val_metric: float = math.nan
    psi: dict[str, Any] = field(default_factory=dict)           # plain, after the step
    status: str = ""                                            # what the search method says of its step
    details: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)     # by phase


@dataclass(frozen=True)
class Problem(Event):
    """What the user should know; the job goes on."""

    event = "problem"
    message: str
    left_out: bool = False              # something of the result, which going on with the run makes up for


@dataclass(frozen=True)
class Sheet(Event):
    """A sheet of samples was drawn."""

    event = "sheet"
    path: str                           # from the run directory


@dataclass(frozen=True)
class Done(Event):
    """The job came to its end; an optimization says with what."""

    event = "done"
    numbers: Numbers | None = None
    psi: dict[str, Any] | None = None   # plain


@dataclass(frozen=True)
class Stopped(Event):
    """The user stopped the job."""

    event = "cancelled"
    message: str | None = None


@dataclass(frozen=True)
class Failed(Event):
    """An error ended the job."""

    event = "error"
    message: str = ""

