"""One render process, as its job sees it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.render_file import pack_draw, unpack
from ...protocol import AutoSimulateError, Draw, InputError, Render, SampleKey
from . import frames
from .process import ChildFailed, ChildLost, Process


@dataclass(frozen=True)
class Limits:
    """When a process is given up or replaced. Seconds of a render: see ``Child.patience``."""

    start: float = 900.0            # until a process has opened the scene
    first_render: float = 3600.0    # which may compile a graphics card's kernels
    render: float = 600.0           # at least, for all others
    slower: float = 20.0            # x its slowest render so far, where that is longer
    attempts: int = 3               # of one draw, each by another process
    starts: int = 5                 # that fail one after the other, before a process is done without
    renders: int = 1000             # of one process, before a new one takes its place
    growth: float = 1000.0          # megabytes, likewise


class Child:
    """A render process that is given ``order`` when it is opened.

    ``order["about"]`` is what it must say of itself then: at least its ``layers`` and its ``size`` (height, width).
    """

    def __init__(self, process: Process, order: Mapping[str, Any], limits: Limits) -> None:
        self.process, self.limits, self._order = process, limits, order
        self.ready = False
        self.renders, self.slowest = 0, 0.0
        self._memory: list[float] = []          # megabytes after its first render and after its last one
        self._opening, self._counting = threading.Lock(), threading.Lock()

    def open(self) -> None:
        """Waits until it has opened the scene; whoever comes later waits with the first.

        Raises ChildLost; InputError or AutoSimulateError where it says why it cannot, or opened another scene.
        """
        with self._opening:
            if self.ready:
                return
            try:
                with _understood():
                    header, _ = frames.decode(self.process.begin(frames.encode(self._order), self.limits.start))
                    _raise_said(header)
                    same = header["ready"] == self._order["about"]
            except ChildFailed as error:
                raise ChildLost(str(error)) from error
            if not same:
                raise AutoSimulateError("The render processes see another scene than this one: its marks, classes or "
                                        "lights are not the same in a saved copy. Render without them (--workers 1).")
            self.ready = True

    def render(self, draw: Draw, key: SampleKey) -> tuple[Render, dict[str, Any]]:
        """The render of ``draw``, and what the process says beside it (see ``serve.Renderer.seen``).

        Raises ChildFailed, after which the process is no good any more; InputError or AutoSimulateError where it says
        why it cannot render this.
        """
        self.open()
        began = time.monotonic()
        question = frames.encode({"key": list(key)}, pack_draw(draw))
        with _understood():
            header, arrays = frames.decode(self.process.ask(question, self.patience))
            _raise_said(header)
            if header["key"] != list(key):
                raise frames.FrameError("the answer to another question")
            render = unpack(key, arrays)
            about = self._order["about"]
            _check(render, draw, len(about["layers"]), about["size"])
            memory = float(header["memory"])
        with self._counting:
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
        if self.ready:
            self.process.close(frames.encode({"goodbye": True}))
        else:
            self.process.kill()


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ChildFailed(f"answered nonsense ({error})") from error


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
