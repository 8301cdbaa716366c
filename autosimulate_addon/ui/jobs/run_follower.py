"""Follows a job's events.jsonl and keeps what the panel shows of it. Standard library only; nothing here knows bpy."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from ...protocol.events import Done, Event, Failed, Iteration, Problem, Progress, Rendered, Start, Stopped
from ...protocol.numbers import Numbers
from ...run.record.directory import RunDirectory
from . import run_process


class Status(StrEnum):
    """How a job stands. LOST: it ended without saying how, and not under this window's eyes."""

    STARTING = auto()
    RUNNING = auto()
    CANCELLING = auto()
    DONE = auto()
    CANCELLED = auto()
    ERROR = auto()
    LOST = auto()


#: What a finished job's status can be.
ENDED = frozenset({Status.DONE, Status.CANCELLED, Status.ERROR, Status.LOST})


@dataclass
class RunState:
    """What is known of a job from its events."""

    status: Status = Status.STARTING
    phase: str = "prepare"
    fraction: float = 0.0
    eta: float | None = None
    images: int = 0
    iteration: int = 0
    iterations: int = 0
    pid: int = 0
    heartbeat: float = 0.0
    metric_name: str = "mIoU"           # what the task calls it: the start event says so
    learner: str = ""                   # that is trained, if any
    curve: list[Iteration] = field(default_factory=list)
    psi: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)       # those of them for which going on with the run makes up
    error: str = ""
    numbers: Numbers = field(default_factory=Numbers)
    version: int = 0                    # grows with every event, so that a reader sees whether anything is new

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def metric(self) -> float | None:
        """The validation metric of the last iteration that has one."""
        return next(reversed(self._metrics()), None)

    @property
    def best_metric(self) -> float | None:
        return max(self._metrics(), default=None)

    @property
    def control_metric(self) -> float | None:
        return next(reversed(self._control_metrics()), None)

    @property
    def best_control_metric(self) -> float | None:
        return max(self._control_metrics(), default=None)

    def _metrics(self) -> list[float]:
        return [point.val_metric for point in self.curve if not math.isnan(point.val_metric)]

    def _control_metrics(self) -> list[float]:
        return [point.control_val_metric for point in self.curve if not math.isnan(point.control_val_metric)]

    def apply(self, event: Event) -> None:
        """Takes one event in. Those that only a newer job knows are signs of life."""
        self.version += 1
        if not math.isnan(event.time):
            self.heartbeat = event.time
        if isinstance(event, (Progress, Rendered, Iteration)) and self.status == Status.STARTING:
            self.status = Status.RUNNING
        match event:
            case Start():
                # a resumed run writes a second start into the same file: the curve goes on, the ending is void
                self.status, self.error, self.fraction = Status.RUNNING, "", 0.0
                self.pid, self.iterations = event.pid, event.iterations or 0
                self.metric_name = event.metric_name or self.metric_name
                self.learner = event.learner or ""
                self.problems, self.left_out = [each for each in self.problems if each not in self.left_out], []
            case Progress():
                self.phase = event.phase or self.phase
                self.fraction = self.fraction if math.isnan(event.fraction) else min(max(event.fraction, 0.0), 1.0)
                self.eta = None if math.isnan(event.eta_seconds) else event.eta_seconds
                self.images = event.images or self.images
            case Rendered():
                self.iteration = event.iteration or self.iteration
            case Iteration():
                self._take(event)
            case Problem():
                if event.message and event.message not in self.problems:
                    self.problems.append(event.message)
                    if event.left_out:
                        self.left_out.append(event.message)
            case Done():
                self.status, self.fraction, self.eta = Status.DONE, 1.0, 0.0
                self.numbers, self.psi = event.numbers or Numbers(), event.psi or self.psi
            case Stopped():
                self.status, self.eta = Status.CANCELLED, None
            case Failed():
                self.status, self.eta = Status.ERROR, None
                self.error = event.message or "The job ended with an error"

    def _take(self, point: Iteration) -> None:
        # an iteration that was interrupted is done again after a resume: the later record counts
        self.curve = [old for old in self.curve if old.iteration < point.iteration] + [point]
        self.iteration = point.iteration
        self.images = max(self.images, point.images)
        self.psi = point.psi or self.psi


class RunFollower:
    """Reads the lines that were added to a job's events.jsonl since the last call."""

    def __init__(self, directory: Path):
        self._events = RunDirectory(directory).events
        self.state = RunState()
        self._offset = 0
        self._rest = b""

    def read(self, limit: int = 1 << 20) -> bool:
        """Takes in what is new, at most ``limit`` bytes a call so that a long file never holds up the window.

        Returns whether anything was new. A line that is not yet whole is kept for the next call; one that is not
        JSON (the job was killed while it wrote) is passed over.
        """
        try:
            with open(self._events, "rb") as file:
                file.seek(self._offset)
                data = file.read(limit)
        except OSError:
            return False
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        before = self.state.version
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                self.state.apply(Event.from_json(event))
        return self.state.version != before

    def read_all(self) -> None:
        while self.read():
            pass

    def looks_alive(self) -> bool:
        """Whether the job is still at work, as far as this machine can tell."""
        return run_process.looks_alive(self._events, self.state.pid, self.state.heartbeat)

