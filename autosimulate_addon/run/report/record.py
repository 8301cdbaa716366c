"""A run as its directory tells it, checked, so that drawing needs no second look."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...protocol import CONTINUOUS, FILM, InputError
from ...protocol.events import Done, Event, Failed, Iteration, Problem, Start, Stopped, number
from ...protocol.settings import HYPERGRADIENT_METHODS
from ...protocol.vocabulary import film_name
from ..record import psi_file
from ..record.directory import SHEETS, RunDirectory, read_json
from ..record.events import read_events


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

    @property
    def continuous(self) -> bool:
        return self.family in CONTINUOUS


@dataclass(frozen=True)
class Score:
    """What fresh networks trained on images from one psi came to: means over them, and the value of each."""

    name: str
    loss: float
    metric: float
    per_class: Mapping[str, float]
    losses: tuple[float, ...] = ()
    metrics: tuple[float, ...] = ()
    decided: float = math.nan    # the metric with the decision rule that was chosen on the validation images


@dataclass(frozen=True)
class RunRecord:
    name: str
    config: Mapping[str, Any]
    start: Start
    iterations: tuple[Iteration, ...]
    distributions: tuple[Distribution, ...]
    scores: tuple[Score, ...]
    split: str                   # what the scores were measured on
    score_images: float          # how many renders each fresh network was trained on
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

    def score(self, *names: str) -> Score | None:
        return next((score for name in names for score in self.scores if score.name == name), None)


def read_run(directory: RunDirectory) -> RunRecord:
    """Raises InputError when the directory holds no run."""
    events = list(read_events(directory.events))
    if not events and not directory.psi.exists():
        raise InputError(f"'{directory.root}' holds no run to report on: it has no events.jsonl and no psi.json.")
    last = {type(event): event for event in events}
    numbers = _optional(directory.numbers) or last.get(Done, Done()).numbers or {}
    return RunRecord(
        name=directory.root.name,
        config=_optional(directory.config) or {},
        start=last.get(Start, Start()),
        iterations=_iterations(events),
        distributions=_distributions(_optional(directory.psi) or {}),
        scores=scores_of(numbers.get("rows")),
        split=str(numbers.get("split") or "validation"),
        score_images=number(numbers.get("images")),
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


def _distributions(psi: dict) -> tuple[Distribution, ...]:
    distributions: list[Distribution] = []
    for entry in psi.get("factors") if isinstance(psi.get("factors"), list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("key"), str):
            distributions += _components(entry)
    return tuple(distributions)


def _components(entry: dict) -> list[Distribution]:
    """One for each component of a continuous factor, one for a discrete factor; none where values make no sense."""
    before = entry.get(psi_file.START)
    after = next((entry[name] for name in psi_file.LEARNED if isinstance(entry.get(name), dict)), before)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    shared = {"key": entry["key"], "family": str(entry.get("family")), "unit": str(entry.get("unit") or ""),
              "locked": entry.get("locked") is True}
    if shared["family"] not in CONTINUOUS:
        items = tuple(str(item) for item in entry.get("items") or ())
        p, q = _numbers(before.get("p")), _numbers(after.get("p"))
        if not items or len(p) != len(items) or len(q) != len(items):
            return []
        return [Distribution(label=entry["key"], before=p, after=q, items=items, **shared)]
    pairs = list(zip(_numbers(before.get("mean")), _numbers(before.get("std")),
                     _numbers(after.get("mean")), _numbers(after.get("std")), strict=False))
    low, high = _numbers(entry.get("low")), _numbers(entry.get("high"))
    names = _component_names(entry, len(pairs))
    return [Distribution(label=f"{entry['key']} {names[i]}".strip(), before=pair[:2], after=pair[2:],
                         low=low[i] if i < len(low) else -math.inf, high=high[i] if i < len(high) else math.inf,
                         **shared) for i, pair in enumerate(pairs)]


def _numbers(values: Any) -> tuple[float, ...]:
    """The values, or none of them where one is not a finite number."""
    numbers = tuple(number(value) for value in values) if isinstance(values, (list, tuple)) else ()
    return () if any(math.isnan(value) for value in numbers) else numbers


def _component_names(entry: dict, size: int) -> list[str]:
    if size == 1:
        return [""]
    targets = entry.get("targets")
    path = str(targets[0].get("path", "")) if targets and isinstance(targets[0], dict) else ""
    words = f"{entry['key']} {path}".lower()
    film = FILM.get(film_name(entry["key"]))
    if film and film.components:
        return list(film.components[:size])
    if "colo" in words and size in (3, 4):
        return ["red", "green", "blue", "alpha"][:size]
    if size == 3 or (any(word in words for word in ("location", "rotation", "scale", "position")) and size < 4):
        return ["X", "Y", "Z"][:size]
    return [f"[{i}]" for i in range(size)]


def scores_of(rows: Any) -> tuple[Score, ...]:
    """The rows of numbers.json that can be read."""
    scores = []
    for name, row in rows.items() if isinstance(rows, dict) else ():
        if isinstance(row, dict):
            per_class = row.get("per_class") if isinstance(row.get("per_class"), dict) else {}
            scores.append(Score(str(name), number(row.get("loss")), number(row.get("metric")),
                               {str(key): number(value) for key, value in per_class.items()},
                               _numbers(row.get("losses")), _numbers(row.get("metrics")),
                               number(row.get("decided_metric"))))
    return tuple(scores)


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
