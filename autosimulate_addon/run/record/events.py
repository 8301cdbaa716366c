"""events.jsonl: what happened in a run, one JSON object a line, only ever appended to."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...protocol import Cancelled, InputError
from ..process.streams import finite


class EventLog:
    """Appends events. Each line is written in one call, so no reader sees half of one unless the job was killed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "ab", buffering=0)      # noqa: SIM115  (open as long as the run)
        _lock(self._file, path)
        if _ends_in_half_a_line(path):                  # a killed job's last line: close it, readers skip it
            self._file.write(b"\n")

    def write(self, event: str, data: dict[str, Any] | None = None) -> None:
        line = {"event": event, "time": round(time.time(), 3), **finite(data or {})}
        self._file.write((json.dumps(line) + "\n").encode("utf-8"))

    def close(self) -> None:
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()


@contextlib.contextmanager
def followed(folder: str | None, **start: Any) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Lets others follow a job by the events.jsonl in ``folder``; yields what writes an event (None: writes nothing).

    Its "start" event, with ``start`` in it, and how it ended are written here: "done", "cancelled", "error".
    """
    if folder is None:
        yield lambda event, data: None
        return
    events = EventLog(Path(folder).expanduser().absolute() / "events.jsonl")
    try:
        events.write("start", {"pid": os.getpid(), **start})
        yield events.write
        events.write("done")
    except (Cancelled, KeyboardInterrupt) as stopped:
        events.write("cancelled", {"message": str(stopped)})
        raise
    except BaseException as error:
        events.write("error", {"message": str(error) or type(error).__name__})
        raise
    finally:
        events.close()


def cancel_requested(folder: str | None) -> bool:
    """Whether who follows the job in ``folder`` has left a file "cancel" there, as in a run directory."""
    return folder is not None and (Path(folder).expanduser() / "cancel").exists()


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events so far; lines that a kill cut short are skipped."""
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(event, dict) and "event" in event:
                yield event


def _lock(file: Any, path: Path) -> None:
    """Keeps a second process off the same run. The lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:         # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InputError(f"Another process is working on the run in '{path.parent}'; wait for it or stop it.") from None
    except OSError:             # network file systems without locks
        return


def _ends_in_half_a_line(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
