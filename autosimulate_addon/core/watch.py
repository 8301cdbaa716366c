"""How long work reports on itself and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..protocol import Cancelled, Render
from ..protocol.events import Event, Rendered, Trained


def _say_nothing(event: Event) -> None:
    return None


@dataclass(frozen=True)
class Watch:
    """``report`` hears of Rendered and Trained; ``stop()`` is asked after every image and training step.

    Where it says true, Cancelled is raised with ``stopped`` as its sentence.
    """

    report: Callable[[Event], None] = _say_nothing
    stop: Callable[[], bool] = lambda: False
    stopped: str = "Stopped: all that was rendered is kept, and --resume goes on from here."

    def tell(self, event: Event) -> None:
        """Reports, then raises Cancelled if the work is to stop."""
        self.report(event)
        if self.stop():
            raise Cancelled(self.stopped)

    def renders(self, renders: Iterable[Render], *, iteration: int, done: int, total: int) -> Iterator[Render]:
        """The same renders, each reported as it comes; ``done`` of ``total`` were there before them."""
        for sample, render in enumerate(renders):
            self.tell(Rendered(done + sample + 1, total, iteration, sample))
            yield render

    def training(self, iteration: int) -> Callable[[float], None]:
        """What a training calls with the fraction that is behind it."""
        return lambda fraction: self.tell(Trained(fraction, iteration))

    def searching(self, iteration: int, share: float) -> Callable[[float], None]:
        """What a search method calls with the fraction of its own work: the first ``share`` of what follows the
        renders."""
        return lambda fraction: self.tell(Trained(share * fraction, iteration))


class Laps:
    """Seconds by phase: ``lap`` ends one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now
