"""Follows a job's events.jsonl and keeps what the panel shows of it. Standard library only; nothing here knows bpy."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: What a finished job's status can be.
ENDED = frozenset({"done", "cancelled", "error", "lost"})

PHASES = {"prepare": "Preparing", "optimize": "Optimizing", "final": "Comparing with fresh networks",
          "report": "Writing the report", "render": "Rendering"}


@dataclass
class Point:
    """One iteration as the curve shows it; images counts all rendered so far."""

    iteration: int
    images: int
    loss: float | None
    metric: float | None
    control_loss: float | None
    control_metric: float | None


@dataclass
class RunState:
    """What is known of a job from its events. ``status``: starting | running | cancelling | one of ENDED."""

    status: str = "starting"
    phase: str = "prepare"
    fraction: float = 0.0
    eta: float | None = None
    images: int = 0
    iteration: int = 0
    iterations: int = 0
    pid: int = 0
    started: float = 0.0
    heartbeat: float = 0.0
    metric_name: str = "mIoU"           # what the task calls it: the start event says so
    curve: list[Point] = field(default_factory=list)
    psi: dict[str, Any] = field(default_factory=dict)
    factors: list[Any] = field(default_factory=list)
    solver: str = ""
    problems: list[str] = field(default_factory=list)
    error: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
    sheet: str = ""
    version: int = 0                    # grows with every event, so that a reader sees whether anything is new

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def metric(self) -> float | None:
        """The validation metric of the last iteration that has one."""
        return next((point.metric for point in reversed(self.curve) if point.metric is not None), None)

    @property
    def best_metric(self) -> float | None:
        return max((point.metric for point in self.curve if point.metric is not None), default=None)

    @property
    def control_metric(self) -> float | None:
        return next((point.control_metric for point in reversed(self.curve) if point.control_metric is not None), None)

    @property
    def best_control_metric(self) -> float | None:
        return max((point.control_metric for point in self.curve if point.control_metric is not None), default=None)

    def apply(self, event: dict[str, Any]) -> None:
        """Takes one event in. Unknown events and missing fields are passed over: newer jobs may say more."""
        self.version += 1
        self.heartbeat = _number(event.get("time")) or self.heartbeat
        handler = getattr(self, f"_on_{event.get('event')}", None)
        if handler:
            handler(event)

    def _on_start(self, event: dict[str, Any]) -> None:
        # a resumed run writes a second start into the same file: the curve goes on, the ending is void
        self.status, self.error, self.fraction = "running", "", 0.0
        self.pid = int(_number(event.get("pid")) or 0)
        self.iterations = int(_number(event.get("iterations")) or 0)
        self.factors = event.get("factors") or []
        self.metric_name = str(event.get("metric_name") or self.metric_name)
        self.started = _number(event.get("time")) or time.time()

    def _on_progress(self, event: dict[str, Any]) -> None:
        self._running()
        self.phase = str(event.get("phase") or self.phase)
        fraction = _number(event.get("fraction"))
        if fraction is not None:
            self.fraction = min(max(fraction, 0.0), 1.0)
        self.eta = _number(event.get("eta_seconds"))
        self.images = int(_number(event.get("images")) or self.images)

    def _on_render(self, event: dict[str, Any]) -> None:
        self._running()
        self.iteration = int(_number(event.get("iteration")) or self.iteration)
        if "images" in event:
            self.images = int(_number(event["images"]) or self.images)

    def _on_iteration(self, event: dict[str, Any]) -> None:
        self._running()
        point = Point(int(_number(event.get("iteration")) or 0), int(_number(event.get("images")) or 0),
                      *(_number(event.get(name)) for name in ("val_loss", "val_metric", "control_val_loss",
                                                              "control_val_metric")))
        # an iteration that was interrupted is done again after a resume: the later record counts
        self.curve = [old for old in self.curve if old.iteration < point.iteration] + [point]
        self.iteration = point.iteration
        self.images = max(self.images, point.images)
        self.solver = str(event.get("status") or "")
        if isinstance(event.get("psi"), dict):
            self.psi = event["psi"]

    def _on_problem(self, event: dict[str, Any]) -> None:
        message = str(event.get("message") or "")
        if message and message not in self.problems:
            self.problems.append(message)

    def _on_sheet(self, event: dict[str, Any]) -> None:
        self.sheet = str(event.get("path") or "")

    def _on_done(self, event: dict[str, Any]) -> None:
        self.status, self.fraction, self.eta = "done", 1.0, 0.0
        self.numbers = event.get("numbers") if isinstance(event.get("numbers"), dict) else {}
        if isinstance(event.get("psi"), dict):
            self.psi = event["psi"]

    def _on_cancelled(self, _event: dict[str, Any]) -> None:
        self.status, self.eta = "cancelled", None

    def _on_error(self, event: dict[str, Any]) -> None:
        self.status, self.eta = "error", None
        self.error = str(event.get("message") or "The job ended with an error")

    def _running(self) -> None:
        if self.status == "starting":
            self.status = "running"


class RunFollower:
    """Reads the lines that were added to a job's events.jsonl since the last call."""

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self.state = RunState()
        self._offset = 0
        self._rest = b""

    def read(self, limit: int = 1 << 20) -> bool:
        """Takes in what is new, at most ``limit`` bytes a call so that a long file never holds up the window.

        Returns whether anything was new. A line that is not yet whole is kept for the next call; one that is not
        JSON (the job was killed while it wrote) is passed over.
        """
        try:
            with open(self.directory / "events.jsonl", "rb") as file:
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
                self.state.apply(event)
        return self.state.version != before

    def read_all(self) -> None:
        while self.read():
            pass


def _number(value: Any) -> float | None:
    """A finite number, or None: not-a-number arrives as null or as the text "NaN"."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
