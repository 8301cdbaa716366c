"""How far a job is: one bar or one line on standard error, and progress events for the window."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

from ...protocol import events
from ...protocol.words import duration
from .streams import say

try:
    from tqdm import tqdm
except ImportError:         # Blender's own Python: lines instead of a bar
    tqdm = None

#: Seconds between two progress events, and between two lines where standard error is not a terminal.
_EVENT_INTERVAL = 0.5
_LINE_INTERVAL = 10.0


class Progress:
    """Progress over phases of known relative length.

    ``weights``: phase -> its share of the whole work, in the order of the phases, in any unit. The remaining time is
    extrapolated from the share done, which is right to the degree that the weights are.
    """

    def __init__(self, weights: dict[str, float], event: Callable[[events.Event], None] = lambda event: None) -> None:
        self._weights = weights
        self._total = sum(weights.values())
        self._event = event
        self._began = time.monotonic()
        self._at_start: float | None = None     # share that was done before this process began (after a resume)
        self._last_event = self._last_line = 0.0
        self.phase = next(iter(weights))
        self.images = 0
        self.note = ""                          # the latest numbers, shown behind the bar
        self._bar = None
        if tqdm is not None and sys.stderr.isatty():
            self._bar = tqdm(total=1000, file=sys.stderr, leave=False, dynamic_ncols=True,
                             bar_format="{percentage:3.0f}% |{bar}| {desc}")

    def update(self, phase: str, fraction: float, *, images: int | None = None, force: bool = False) -> None:
        """``fraction`` (0..1) of ``phase`` is done, and all phases before it."""
        changed = phase != self.phase
        self.phase = phase
        self.images = self.images if images is None else images
        names = list(self._weights)
        before = sum(self._weights[name] for name in names[:names.index(phase)])
        share = (before + min(max(fraction, 0.0), 1.0) * self._weights[phase]) / self._total
        if self._at_start is None:
            self._at_start = share
        now = time.monotonic()
        if force or changed or now - self._last_event >= _EVENT_INTERVAL:
            self._last_event = now
            eta = self._remaining(share, now)
            self._event(events.Progress(phase, round(share, 4), math.nan if eta is None else eta, self.images))
            self._show(share, eta, now, changed)

    @property
    def due(self) -> bool:
        """Whether the next update would be told of."""
        return time.monotonic() - self._last_event >= _EVENT_INTERVAL

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def say(self, text: str) -> None:
        """A line above the bar."""
        if self._bar is not None:
            self._bar.clear()
        say(text)

    def _remaining(self, share: float, now: float) -> float | None:
        done = share - self._at_start
        elapsed = now - self._began
        if done < 0.01 or elapsed < 2.0:
            return None
        return round(elapsed * (1.0 - share) / done, 1)

    def _show(self, share: float, eta: float | None, now: float, changed: bool) -> None:
        left = "" if eta is None else f", {duration(eta)} left"
        text = f"{events.PHASES[self.phase].lower()}, {self.images} images{self.note}{left}"
        if self._bar is not None:
            self._bar.n = round(1000 * share)
            self._bar.set_description_str(text)
        elif changed or now - self._last_line >= _LINE_INTERVAL:
            self._last_line = now
            say(f"{100 * share:3.0f}%  {text}")
