"""The folder of a process for the one file that a render writes: in memory where the system has a RAM disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ...protocol import InputError

_RAM_DISK = "/dev/shm"


def make() -> str:
    """A new folder. Raises InputError where none can be made."""
    in_memory = os.path.isdir(_RAM_DISK) and os.access(_RAM_DISK, os.W_OK)
    try:
        return tempfile.mkdtemp(prefix=_prefix(os.getpid()), dir=_RAM_DISK if in_memory else None)
    except OSError as error:
        raise InputError(f"No temporary folder can be made to render into ({error.strerror}); free some space or set "
                         "TMPDIR.") from error


def remove(pid: int) -> None:
    """Removes what a process that was killed left behind."""
    for place in (_RAM_DISK, tempfile.gettempdir()):
        for folder in Path(place).glob(f"{_prefix(pid)}*"):
            shutil.rmtree(folder, ignore_errors=True)


def _prefix(pid: int) -> str:
    return f"autosimulate-{pid}-"
