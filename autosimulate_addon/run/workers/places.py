"""Which render process is asked next."""

from __future__ import annotations

import threading

from ...protocol import AutoSimulateError, Cancelled


class Places:
    """``count`` places for a process each, which ``depth`` may be at at a time. Safe from any thread."""

    def __init__(self, count: int, depth: int = 1) -> None:
        self._depth = depth
        self._changed = threading.Condition()
        self._busy = [0] * count
        self._shut = [False] * count                # nobody is let in: its process is being replaced
        self._left = [0] * count                    # when somebody left it last: the warmest is preferred
        self._clock = 0
        self._lost: dict[int, AutoSimulateError] = {}
        self._closed = False

    def take(self) -> int:
        """A place that nobody is at, or else one with room; waits for it.

        Raises Cancelled after ``close``, and what the last place was given up for where none is left.
        """
        with self._changed:
            while not self._closed:
                if len(self._lost) == len(self._busy):
                    raise list(self._lost.values())[-1]
                free = [place for place, busy in enumerate(self._busy) if busy < self._depth and not self._shut[place]]
                if free:
                    place = min(free, key=lambda each: (self._busy[each], -self._left[each], each))
                    self._busy[place] += 1
                    return place
                self._changed.wait()
        raise Cancelled("Stopped: the render processes are ended.")

    def leave(self, place: int) -> bool:
        """Whether nobody else is there."""
        with self._changed:
            self._clock += 1
            self._left[place] = self._clock
            self._busy[place] -= 1
            self._changed.notify_all()
            return not self._busy[place]

    def shut(self, place: int) -> None:
        """Lets nobody in any more."""
        with self._changed:
            self._shut[place] = True

    def reopen(self, place: int) -> None:
        with self._changed:
            self._shut[place] = False
            self._changed.notify_all()

    def give_up(self, place: int, why: AutoSimulateError) -> bool:
        """Does without this place. Whether others are left."""
        with self._changed:
            self._shut[place] = True
            self._lost[place] = why
            self._changed.notify_all()
            return len(self._lost) < len(self._busy)

    def close(self) -> list[int]:
        """Sends everybody away who waits; the places that nobody is at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return [place for place, busy in enumerate(self._busy) if not busy and not self._shut[place]]
