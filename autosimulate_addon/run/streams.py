"""Standard output carries results only; everything else, Blender's own chatter included, goes to standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any, Iterator, TextIO


@contextlib.contextmanager
def results_only_stdout() -> Iterator[TextIO]:
    """Points file descriptor 1 at standard error and yields the real standard output as a text stream.

    Blender writes to descriptor 1 from C, where replacing ``sys.stdout`` has no effect. Both are put back on leaving.
    """
    sys.stdout.flush()
    python_stdout = sys.stdout
    real = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        with os.fdopen(os.dup(real), "w", encoding="utf-8") as results:
            yield results
    finally:
        sys.stdout = python_stdout
        os.dup2(real, 1)
        os.close(real)


@contextlib.contextmanager
def redirect_stdout_for_good() -> Iterator[TextIO]:
    """Like :func:`results_only_stdout`, but descriptor 1 stays pointed at standard error until the process ends."""
    sys.stdout.flush()
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with results:
        yield results


def say(text: str = "") -> None:
    """One line for the person who started the job (standard error)."""
    print(text, file=sys.stderr, flush=True)


def write_json_line(stream: TextIO, numbers: dict[str, Any]) -> None:
    """The final numbers as one JSON line; values that JSON cannot hold (NaN, infinity) become null."""
    stream.write(json.dumps(finite(numbers), sort_keys=True) + "\n")
    stream.flush()


def finite(value: Any) -> Any:
    """``value`` with numpy and non-finite numbers turned into what strict JSON knows."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    if isinstance(value, float) and value - value != 0.0:   # NaN or infinite
        return None
    return value
