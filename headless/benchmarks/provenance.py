"""Where a row comes from: the commit, the day and the machine, written by every benchmark into every row."""

from __future__ import annotations

import datetime
import functools
import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: The last columns of every table.
COLUMNS = ("commit", "date", "machine")
UNKNOWN = "not recorded"


@functools.cache
def commit() -> str:
    """The checkout's commit, with a ``+`` when tracked files differ from it, as it was when first asked for.

    ``not recorded`` where this is no git checkout.
    """
    head = _git("rev-parse", "--short", "HEAD")
    if head is None:
        return UNKNOWN
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "autosimulate_addon", "headless/*.py")
    return head + ("+" if changed else "")


@functools.cache
def machine() -> str:
    """The processor's model and the number of cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores"


def stamp() -> dict[str, str]:
    """The cells of ``COLUMNS`` for a row that is written now."""
    return {"commit": commit(), "date": datetime.date.today().isoformat(), "machine": machine()}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip().replace(",", " ")
    return platform.processor() or platform.machine()
