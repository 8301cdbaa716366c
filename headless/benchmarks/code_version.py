"""Which optimiser a row was made with, so that rows of different ones are not mixed unseen."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import autosimulate_addon


@functools.cache
def core_version() -> str:
    """Eight hexadecimal digits of the sources of autosimulate_addon/core, as they were when first asked for."""
    core = Path(autosimulate_addon.__file__).resolve().parent / "core"
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted(core.rglob("*.py")):
        digest.update(path.relative_to(core).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
