"""A run as its directory tells it, checked, so that drawing needs no second look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...protocol import CONTINUOUS, FILM, InputError
from ...protocol.events import Done, Event, Failed, Iteration, Problem, Start, Stopped
from ...protocol.moments import named
from ...protocol.numbers import Agreement, Numbers, Row
from ...protocol.settings import HYPERGRADIENT_METHODS
from ...protocol.vocabulary import film_name
from ..record import psi_file
from ..record.directory import SHEETS, RunDirectory, read_json
from ..record.events import read_events
from . import agreement


@dataclass(frozen=True)
class Distribution:
    """One component of a factor, before and after: (mean, std) of a continuous one, probabilities of a discrete one."""

    key: str
    label: str                   # key and component, for a heading
    family: str
    unit: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf
    items: tuple[str, ...] = ()
    locked: bool = False
    coordinates: tuple[str, ...] = ()       # the names of its numbers in psi

    @property
    def continuous(self) -> bool:
        return self.family in CONTINUOUS


@dataclass(frozen=True)
class RunRecord:
    name: str
    config: Mapping[str, Any]
    start: Start
    iterations: tuple[Iteration, ...]
    distributions: tuple[Distribution, ...]
    numbers: Numbers             # what it came to, as far as it did
    agreement: Agreement | None  # how sure it is of where it went
    problems: tuple[str, ...]
    state: str                   # "finished", "cancelled", "failed" or "unfinished"
    seconds: float               # from the first event to the last, pauses between resumes left out
    sheets: Mapping[str, Path]   # "start", "end", "influence", as far as they exist

    @property
    def metric(self) -> str:
        """What the metric is called: the start event says it."""
        return self.start.metric_name or "mIoU"

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked for: as the start event has it, then as config.json has it."""
        return {**self.start.settings(), **self.config}

    @property
    def free(self) -> tuple[Distribution, ...]:
        """The distributions that could move; all where none could."""
        return tuple(each for each in self.distributions if not each.locked) or self.distributions

    @property
    def photographs(self) -> str:
        """What the images are that the networks were scored on: the built-in demo renders its own."""
        return "photographs" if self.settings.get("scene") else "images"

    @property
    def sure(self) -> dict[str, bool]:
        """By coordinate, whether what moved it is told from chance; those of which nothing was asked are left out."""
        found = self.agreement.coordinates if self.agreement else ()
        return {each.name: each.sure for each in found if each.asked}

    def row(self, name: str) -> Row | None:
        """What the fresh networks that were trained this way came to, where they were."""
        return self.numbers.rows.get(name)


def read_run(directory: RunDirectory) -> RunRecord:
    """Raises InputError when the directory holds no run."""
    events = list(read_events(directory.events))
    if not events and not directory.psi.exists():
        raise InputError(f"'{directory.root}' holds no run to report on: it has no events.jsonl and no psi.json.")
    last = {type(event): event for event in events}
    written = _optional(directory.numbers)
    numbers = Numbers.of(written) if written else last.get(Done, Done()).numbers or Numbers()
    entries, iterations = psi_file.readable(directory.psi), _iterations(events)
    return RunRecord(
        name=directory.root.name,
        config=_optional(directory.config) or {},
        start=last.get(Start, Start()),
        iterations=iterations,
        distributions=tuple(each for entry in entries for each in _components(entry)),
        numbers=numbers,
        agreement=numbers.agreement or agreement.summary(iterations, _named(entries, psi_file.START),
                                                         _named(entries, *psi_file.LEARNED)),
        problems=tuple(dict.fromkeys(event.message for event in events if isinstance(event, (Problem, Failed)))),
        state=_state(events),
        seconds=_seconds(events),
        sheets={name: path for name in SHEETS if (path := directory.sheet(name)).is_file()},
    )


def why_no_influence(method: str, approximation: str) -> str:
    """Why a run with these has no influence map, in one sentence; "" where it has one."""
    if method not in HYPERGRADIENT_METHODS:
        return (f"The method '{method}' never asks how a single render changes the validation loss, so there is no map "
                f"of which pixels helped.")
    if approximation == "no-validation":
        return ("The approximation 'no-validation' does not look at the validation images, so there is no map of which "
                "pixels helped.")
    return ""


def _optional(path: Path) -> dict | None:
    if not path.exists():
        return None
    try:
        document = read_json(path, path.name)
    except InputError:      # a report is written of what can be read
        return None
    return document if isinstance(document, dict) else None


def _iterations(events: list[Event]) -> tuple[Iteration, ...]:
    """By number, the last word counts: a run that was killed and resumed repeats the iteration it was in."""
    iterations = {event.iteration: event for event in events if isinstance(event, Iteration)}
    return tuple(iterations[key] for key in sorted(iterations))


def _named(entries: Sequence[psi_file.Entry], *stages: str) -> dict[str, tuple[str, float]]:
    """(key, plain number) by coordinate, of the distributions that make sense."""
    found = [(entry, _moments(entry, *stages)) for entry in entries]
    return named((entry.key, entry.family, entry.items, values) for entry, values in found if values)


def _moments(entry: psi_file.Entry, *stages: str) -> dict[str, list[float]] | None:
    try:
        return entry.moments(*stages)
    except InputError:      # a report is written of what can be read
        return None


def _components(entry: psi_file.Entry) -> list[Distribution]:
    """One for each component of a continuous factor, one for a discrete factor; none where values make no sense."""
    before = _moments(entry, psi_file.START)
    after = _moments(entry, *psi_file.LEARNED, psi_file.START)
    if before is None or after is None:
        return []
    names = tuple(named([(entry.key, entry.family, entry.items, before)]))
    shared = {"key": entry.key, "family": entry.family, "unit": entry.unit, "locked": entry.locked}
    if entry.family not in CONTINUOUS:
        return [Distribution(label=entry.key, before=tuple(before["p"]), after=tuple(after["p"]),
                             items=tuple(map(str, entry.items)), coordinates=names, **shared)]
    size = len(before["mean"])
    labels = _component_names(entry, size)
    pairs = [[(values["mean"][i], values["std"][i]) for i in range(size)] for values in (before, after)]
    return [Distribution(label=f"{entry.key} {labels[i]}".strip(), before=pairs[0][i], after=pairs[1][i],
                         low=_limit(entry.low, i, -math.inf), high=_limit(entry.high, i, math.inf),
                         coordinates=names[i::size], **shared) for i in range(size)]


def _limit(limits: Sequence[float], component: int, without: float) -> float:
    return limits[component] if component < len(limits) and not math.isnan(limits[component]) else without


def _component_names(entry: psi_file.Entry, size: int) -> list[str]:
    if size == 1:
        return [""]
    target = next((each for each in entry.targets if isinstance(each, dict)), {})
    words = f"{entry.key} {target.get('path', '')}".lower()
    film = FILM.get(film_name(entry.key))
    if film and film.components:
        return list(film.components[:size])
    if "colo" in words and size in (3, 4):
        return ["red", "green", "blue", "alpha"][:size]
    if size == 3 or (any(word in words for word in ("location", "rotation", "scale", "position")) and size < 4):
        return ["X", "Y", "Z"][:size]
    return [f"[{i}]" for i in range(size)]


def _state(events: list[Event]) -> str:
    names = {Done: "finished", Stopped: "cancelled", Failed: "failed", Start: "unfinished", Iteration: "unfinished"}
    return next((names[type(event)] for event in reversed(events) if type(event) in names), "unfinished")


def _seconds(events: list[Event]) -> float:
    """Time between neighbouring events, without the gap before each start (the run stood still)."""
    total = 0.0
    for earlier, later in pairwise(events):
        if not isinstance(later, Start):
            step = later.time - earlier.time
            total += step if step > 0 else 0.0
    return total
