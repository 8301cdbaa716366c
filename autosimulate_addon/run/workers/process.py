"""A render process of this machine, as bytes: started, asked within a time, ended.

Frames and the standard library alone: a cluster's machine runs the same class (see ``actor``).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from .frames import FrameError, receive, skip_to_greeting

#: Seconds that a process gets to end by itself once it was told to.
_GOODBYE = 10.0


class ChildFailed(Exception):
    """The process died, hung or answered nonsense; the text says which, after "it "."""


class ChildLost(ChildFailed):
    """Likewise, but not by the draw that it was given: it did not come up, or its machine is gone."""


class Process(Protocol):
    """Where a child is spoken to: a process of this machine, or one of a cluster.

    ``begin`` sends the order and gives the answer, ``ask`` does so with every other message. Both raise ChildFailed.
    """

    name: str           # for the log

    def begin(self, order: bytes, seconds: float) -> bytes: ...

    def ask(self, message: bytes, seconds: float) -> bytes: ...

    def close(self, goodbye: bytes) -> None:
        """Lets it end by itself, if it does."""

    def kill(self) -> None:
        """Ends it now. May be called by any thread, and again."""

    def last_words(self) -> str:
        """The end of what it printed."""


class LocalProcess:
    """Started by ``command`` with ``environment`` beside this one's, in ``folder``; it prints into the file ``log``.

    ``sweep(pid)`` is called when it has ended: for what one that was killed left behind.
    """

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None,
                 folder: Path | None = None, sweep: Callable[[int], None] = lambda pid: None) -> None:
        self._log, self._sweep = log, sweep
        self._hung = False
        with open(log, "wb") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                             env={**os.environ, **(environment or {})}, cwd=folder)
        self.pid = self._process.pid
        self.name = str(self.pid)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def begin(self, order: bytes, seconds: float) -> bytes:
        with self._within(seconds):
            skip_to_greeting(self._process.stdout)
            return self._exchange(order)

    def ask(self, message: bytes, seconds: float) -> bytes:
        with self._within(seconds):
            return self._exchange(message)

    def _exchange(self, message: bytes) -> bytes:
        self._process.stdin.write(message)
        self._process.stdin.flush()
        return receive(self._process.stdout)

    def close(self, goodbye: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(goodbye)
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE)
        self.kill()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        self._sweep(self.pid)

    def last_words(self) -> str:
        with contextlib.suppress(OSError), open(self._log, "rb") as file:
            file.seek(max(0, os.path.getsize(self._log) - 4000))
            return file.read().decode("utf-8", "replace").strip()
        return ""

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Kills the process when ``seconds`` are over, and says what became of it."""
        watchdog = threading.Timer(seconds, self._hang)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        except FrameError as error:
            raise ChildFailed(f"answered nonsense ({error})") from error
        except (EOFError, OSError, ValueError) as error:        # ValueError: another thread has closed the stream
            raise ChildFailed(f"gave no answer in {seconds:g} s" if self._hung else self._end()) from error
        finally:
            watchdog.cancel()

    def _hang(self) -> None:
        self._hung = True
        self._process.kill()

    def _end(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE)
        code = self._process.poll()
        if code is None:
            return "closed its output"
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
