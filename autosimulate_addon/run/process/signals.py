"""Ctrl-C, SIGTERM and the cancel file: ask the job to end after the current image."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


class StopRequest:
    """Context manager; calling it tells whether the user asked to stop.

    The first signal is a request. A second one ends the process at once with 130: a watcher thread sees it even
    while Blender is inside a long render, where Python's own handlers wait for the render to return. Nothing is lost,
    because every file of a run is written atomically.
    """

    def __init__(self, file_exists: Callable[[], bool] = lambda: False,
                 announce: Callable[[], None] = lambda: None) -> None:
        self._file_exists = file_exists
        self._announce = announce
        self._received = 0
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self._received > 0 or self._file_exists()

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is not threading.main_thread():
            return self                         # handlers can only be set by the main thread; the file still works
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        if os.name == "posix":
            reader, self._writer = os.pipe()
            os.set_blocking(self._writer, False)
            self._wakeup_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
            threading.Thread(target=_watch, args=(reader,), name="signals", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._before:
            return
        if os.name == "posix":
            signal.set_wakeup_fd(self._wakeup_before)
            os.close(self._writer)              # ends the watcher
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before.clear()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._received += 1
        if self._received > 1:
            os._exit(130)
        self._announce()


def _watch(reader: int) -> None:
    """Reads the number of every signal from the wake-up pipe, which C writes at once; exits on the second."""
    received = 0
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while byte := pipe.read(1):
            received += byte[0] in _SIGNALS
            if received > 1:
                os._exit(130)
