"""Standard output carries results only; what people are told goes to standard error."""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, TextIO

from ...protocol import one_line


@contextlib.contextmanager
def results_only_stdout(chatter: bool = False, for_good: bool = False) -> Iterator[TextIO]:
    """Takes standard output away from everybody else and yields it as a text stream, for the results.

    Blender writes to file descriptor 1 from C, where replacing ``sys.stdout`` has no effect: a line or more for every
    render. The descriptor goes nowhere, or to standard error with ``chatter``; Python's own ``print`` goes to
    standard error. Both are put back on leaving, unless ``for_good``: Blender also has words for its own end.
    """
    python_stdout = sys.stdout
    if python_stdout is not None:
        python_stdout.flush()
    real = _standard_output()
    if chatter:
        os.dup2(2, 1)
    else:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
    sys.stdout = sys.stderr
    try:
        with os.fdopen(os.dup(real), "w", encoding="utf-8") as results:
            yield results
    finally:
        if not for_good:
            flush_c()
            sys.stdout = python_stdout
            os.dup2(real, 1)
        os.close(real)


def _standard_output() -> int:
    """A copy of descriptor 1, which leads nowhere where there is none: a shell can start a program without it."""
    with contextlib.suppress(OSError):
        return os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return nowhere if nowhere != 1 else os.dup(1)


@contextlib.contextmanager
def captured() -> Iterator[list[str]]:
    """Everything printed inside, by C or by Python, goes into the yielded list, as texts, on leaving.

    For single calls into Blender that print their own errors besides raising them. Nothing where there is no place
    to print to, as in a window that no terminal belongs to.
    """
    texts: list[str] = []
    try:
        shown = os.dup(1), os.dup(2)
    except OSError:
        yield texts
        return
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    flush_c()
    python = io.StringIO()
    with tempfile.TemporaryFile() as file:
        try:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            with contextlib.redirect_stdout(python), contextlib.redirect_stderr(python):
                yield texts
        finally:
            flush_c()
            for number, descriptor in enumerate(shown, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace") + python.getvalue())


def flush_c() -> None:
    """Writes out what C code has printed and its library still holds, before a descriptor changes hands."""
    try:
        ctypes.CDLL(None if os.name == "posix" else "ucrtbase").fflush(None)
    except (OSError, AttributeError):
        return


def say(text: str = "") -> None:
    """One line for the person who started the job (standard error), whatever names are in it.

    A job goes on where nobody reads it any more (a pager that was left).
    """
    with contextlib.suppress(BrokenPipeError):
        print(one_line(text), file=sys.stderr, flush=True)


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
