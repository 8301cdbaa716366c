"""One render process, as its job sees it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.render_file import pack_draw, unpack
from ...protocol import AutoSimulateError, Draw, InputError, Render, SampleKey
from . import frames

#: Seconds that a process gets to end by itself once it was told to.
_GOODBYE = 10.0


class ChildFailed(Exception):
    """The process died, hung or answered nonsense; the text says which, after "it "."""


@dataclass(frozen=True)
class Limits:
    """When a process is given up or replaced. Seconds of a render: see ``Child.patience``."""

    start: float = 900.0            # until a process has opened the scene
    first_render: float = 3600.0    # which may compile a graphics card's kernels
    render: float = 600.0           # at least, for all others
    slower: float = 20.0            # x its slowest render so far, where that is longer
    attempts: int = 3               # of one draw, each by another process
    renders: int = 1000             # of one process, before a new one takes its place
    growth: float = 1000.0          # megabytes, likewise


class Child:
    """A render process, started by ``command``. It is given ``order`` when its first render is asked for.

    ``order["about"]`` is what it must say of itself then: at least its ``layers`` and its ``size`` (height, width).
    What it prints goes into the file ``log``.
    """

    def __init__(self, command: Sequence[str], order: Mapping[str, Any], log: Path, limits: Limits,
                 environment: Mapping[str, str] | None = None) -> None:
        self.limits, self._order, self._log = limits, order, log
        self._ready = False
        self.renders, self.slowest = 0, 0.0
        self._memory: list[float] = []          # megabytes after its first render and after its last one
        self._hung = False
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                            env={**os.environ, **(environment or {})})

    def _open(self) -> None:
        with self._within(self.limits.start):
            frames.skip_to_greeting(self.process.stdout)
            frames.write(self.process.stdin, self._order)
            header, _ = frames.read(self.process.stdout)
            self._raise_said(header)
            self._ready = header["ready"] == self._order["about"]
        if not self._ready:
            raise AutoSimulateError("The render processes see another scene than this one: its marks, classes or "
                                    "lights are not the same in a saved copy. Render without them (--workers 1).")

    def render(self, draw: Draw, key: SampleKey) -> tuple[Render, dict[str, Any]]:
        """The render of ``draw``, and what the process says beside it (see ``serve.Renderer.seen``).

        Raises ChildFailed, after which the process is no good any more; InputError or AutoSimulateError where it says
        why it cannot open the scene or render this.
        """
        if not self._ready:
            self._open()
        began = time.monotonic()
        with self._within(self.patience):
            frames.write(self.process.stdin, {"key": list(key)}, pack_draw(draw))
            header, arrays = frames.read(self.process.stdout)
            self._raise_said(header)
            if header["key"] != list(key):
                raise frames.FrameError("the answer to another question")
            render = unpack(key, arrays)
            about = self._order["about"]
            _check(render, draw, len(about["layers"]), about["size"])
            memory = float(header["memory"])
        self.renders += 1
        self.slowest = max(self.slowest, time.monotonic() - began)
        self._memory = [*self._memory[:1], memory]
        return render, header

    @property
    def patience(self) -> float:
        """Seconds after which a render is taken for hung."""
        if not self.renders:
            return self.limits.first_render
        return max(self.limits.render, self.limits.slower * self.slowest)

    @property
    def worn(self) -> bool:
        """Whether a new process is to take its place: it has rendered much, or has grown."""
        grown = self._memory[-1] - self._memory[0] if self._memory else 0.0
        return self.renders >= self.limits.renders or grown > self.limits.growth

    def close(self) -> None:
        """Lets it end by itself, if it does, where it has come up."""
        if self._ready:
            with contextlib.suppress(OSError, ValueError):
                frames.write(self.process.stdin, {"goodbye": True})
                self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_GOODBYE)
        self.kill()

    def kill(self) -> None:
        """Ends it now. May be called by any thread, and again."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def last_words(self) -> str:
        """The end of what it printed."""
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
        except (EOFError, OSError) as error:
            raise ChildFailed(f"gave no answer in {seconds:g} s" if self._hung else self._end()) from error
        except (frames.FrameError, KeyError, TypeError, ValueError) as error:
            raise ChildFailed(f"answered nonsense ({error})") from error
        finally:
            watchdog.cancel()

    def _hang(self) -> None:
        self._hung = True
        self.process.kill()

    def _end(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_GOODBYE)
        code = self.process.poll()
        if code is None:
            return "closed its output"
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    @staticmethod
    def _raise_said(header: Mapping[str, Any]) -> None:
        if "error" in header:
            raise (InputError if header.get("input") else AutoSimulateError)(str(header["error"]))


def _check(render: Render, draw: Draw, layers: int, size: Sequence[int]) -> None:
    """Raises FrameError unless these are ``layers`` layers of ``size`` (H, W), with labels, of this draw."""
    shape = (int(size[0]), int(size[1]))
    wanted = {"layers": ("f2", (layers, *shape, 3)), "reference": ("f4", (layers, 3)), "labels": ("u1", shape),
              "instances": ("u2", shape)}
    for name, (kind, expected) in wanted.items():
        array = getattr(render, name)
        if array.dtype != np.dtype(kind) or array.shape != expected:
            raise frames.FrameError(f"{name} of shape {array.shape}, not {expected}")
    if {name: value.shape for name, value in render.draw.items()} != {
            name: np.shape(value) for name, value in draw.items()}:
        raise frames.FrameError("another draw")
