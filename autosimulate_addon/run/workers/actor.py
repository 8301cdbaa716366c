"""What runs on a machine of the cluster: a render process, spoken to as bytes.

This class travels to the cluster by value, with the modules of this folder and ``sweep``: the Python there needs
nothing of ours, no bpy and no torch. What the process itself needs comes as files.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .process import ChildFailed, LocalProcess

#: What became of a message: an answer, or why there is none.
ANSWER, FAILED, LOST = "answer", "failed", "lost"
#: The file with the number of the process that renders.
_PID = "pid"


class RenderActor:
    """Has, one after the other, processes that render, in a folder of its own.

    ``command`` starts one there, its first part a program of this machine. ``sweep(pid)`` removes what one that was
    killed left behind. Every answer is a tuple: (ANSWER, bytes, the process's name) or (FAILED or LOST, why,
    last words).
    """

    def __init__(self, command: Sequence[str], prefix: str, sweep: Callable[[int], None]) -> None:
        self._command, self._sweep = list(command), sweep
        self._clean(prefix)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
        self._filled = False
        self._machine = platform.node()
        self._number = -1                       # of the process that is there
        self._process: LocalProcess | None = None

    def begin(self, files: Mapping[str, bytes], number: int, order: bytes, seconds: float) -> tuple:
        """Starts process ``number`` in the place of any other and gives it its order; see ``process.Process``.

        ``files``, paths below the folder and contents, are the same each time.
        """
        self._end()
        self._fill(files)
        try:
            self._process = LocalProcess(self._command, self._folder / "log", {"TMPDIR": str(self._folder)},
                                         self._folder, self._sweep)
        except OSError as error:
            return LOST, f"cannot be started on {self._machine} ({self._command[0]}: {error.strerror})", ""
        self._number = number
        (self._folder / _PID).write_text(str(self._process.pid))
        return self._told(lambda: self._process.begin(order, seconds))

    def ask(self, number: int, message: bytes, seconds: float) -> tuple:
        """Sends process ``number`` a message."""
        if self._process is None or self._number != number:
            return LOST, "is not there any more", ""
        return self._told(lambda: self._process.ask(message, seconds))

    def end(self, number: int, goodbye: bytes = b"") -> None:
        """Ends process ``number``, by itself where it is told ``goodbye``."""
        if self._number == number:
            self._end(goodbye)

    def leave(self) -> None:
        """Ends the process that is there and removes the folder; nothing may be asked after it."""
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _clean(self, prefix: str) -> None:
        """Removes what actors that were killed here have left: their folders are named after their processes."""
        for folder in Path(tempfile.gettempdir()).glob(f"{prefix}[0-9]*-*"):
            with contextlib.suppress(OSError, ValueError):
                if not Path("/proc", folder.name.removeprefix(prefix).partition("-")[0]).exists():
                    self._sweep(int((folder / _PID).read_text()))
                    shutil.rmtree(folder, ignore_errors=True)

    def _fill(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items() if not self._filled else ():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self._filled = True

    def _told(self, exchange: Callable[[], bytes]) -> tuple:
        try:
            return ANSWER, exchange(), f"{self._process.pid} on {self._machine}"
        except ChildFailed as error:
            words = self._process.last_words()
            self._end()
            return FAILED, str(error), words

    def _end(self, goodbye: bytes = b"") -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if goodbye:
                process.close(goodbye)
            else:
                process.kill()
