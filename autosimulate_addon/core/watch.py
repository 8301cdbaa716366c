"""How long work reports on itself and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..protocol import Cancelled, Render


def _say_nothing(event: str, data: dict[str, Any]) -> None:
    return None


@dataclass(frozen=True)
class Watch:
    """``report(event, data)`` hears of "render" and "train"; ``stop()`` is asked after every image and training step.

    Where it says true, Cancelled is raised with ``stopped`` as its sentence.
    """

    report: Callable[[str, dict[str, Any]], None] = _say_nothing
    stop: Callable[[], bool] = lambda: False
    stopped: str = "Stopped: all that was rendered is kept, and --resume goes on from here."

    def tell(self, event: str, data: dict[str, Any]) -> None:
        """Reports, then raises Cancelled if the work is to stop."""
        self.report(event, data)
        if self.stop():
            raise Cancelled(self.stopped)

    def renders(self, renders: Iterable[Render], **data: int) -> Iterator[Render]:
        """The same renders; each is reported as it comes, with its number in this batch as "sample"."""
        for sample, render in enumerate(renders):
            self.tell("render", {**data, "sample": sample, "done": data["done"] + sample + 1})
            yield render

    def training(self, **data: int) -> Callable[[float], None]:
        """What a training calls with the fraction that is behind it."""
        return lambda fraction: self.tell("train", {**data, "fraction": fraction})


class Laps:
    """Seconds by phase: ``lap`` ends one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now
