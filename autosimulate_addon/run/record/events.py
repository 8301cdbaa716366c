"""events.jsonl: what happened in a run, one ``protocol.events.Event`` a line, only ever appended to."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...protocol import Cancelled, InputError
from ...protocol.events import Done, Event, Failed, Start, Stopped
from ..process.streams import finite
from .directory import RunDirectory
from .tensorboard import Scalars

#: Far behind what is written: Windows keeps readers, too, off the bytes that are locked.
_LOCKED_BYTE = 1 << 30


class EventLog:
    """Appends events. Each line is written in one call, so no reader sees half of one unless the job was killed.

    ``copy``: also told of each.
    """

    def __init__(self, path: Path, copy: Scalars | None = None) -> None:
        self.path, self._copy = path, copy
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "ab", buffering=0)      # noqa: SIM115  (open as long as the run)
        _lock(self._file, path)
        if _ends_in_half_a_line(path):                  # a killed job's last line: close it, readers skip it
            self._file.write(b"\n")

    def write(self, event: Event) -> None:
        event = replace(event, time=round(time.time(), 3))
        self._file.write((json.dumps(finite(event.to_json())) + "\n").encode("utf-8"))
        if self._copy is not None:
            self._copy.write(event)

    def close(self) -> None:
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()
            if self._copy is not None:
                self._copy.close()


@contextlib.contextmanager
def followed(folder: str | None, start: Start) -> Iterator[Callable[[Event], None]]:
    """Lets others follow a job by the events.jsonl in ``folder``; yields what writes an event (None: writes nothing).

    ``start`` and how the job ended are written here.
    """
    if folder is None:
        yield lambda event: None
        return
    if RunDirectory(folder).config.exists():
        raise InputError(f"'{folder}' holds a run, whose events these would be taken for: give another folder "
                         "(--events).")
    events = EventLog(RunDirectory(folder).events)
    try:
        events.write(replace(start, pid=os.getpid()))
        yield events.write
        events.write(Done())
    except (Cancelled, KeyboardInterrupt) as stopped:
        events.write(Stopped(str(stopped)))
        raise
    except BaseException as error:
        events.write(Failed(str(error) or type(error).__name__))
        raise
    finally:
        events.close()


def cancel_requested(folder: str | None) -> bool:
    """Whether who follows the job in ``folder`` has left the cancel file there, as in a run directory."""
    return folder is not None and RunDirectory(folder).cancel_requested


def read_events(path: Path) -> Iterator[Event]:
    """The events so far; lines that a kill cut short are skipped."""
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(event, dict):
                yield Event.from_json(event)


def is_written(path: Path) -> bool:
    """Whether a process is known to have the events in ``path`` open to write to; some file systems do not tell."""
    try:
        with open(path, "r+b") as file:     # which gives the lock back
            return not _locked(file)
    except OSError:
        return False


def _lock(file: Any, path: Path) -> None:
    """Keeps a second process off the same run. The lock goes with the process, however that ends."""
    try:
        if not _locked(file):
            file.close()
            raise InputError(f"Another process is working on the run in '{path.parent}'; wait for it or stop it.")
    except OSError:             # network file systems without locks
        return


def _locked(file: Any) -> bool:
    """Whether ``file`` could be locked, until it is closed. Raises OSError where there are no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _ends_in_half_a_line(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
