"""The side of the render process: takes draws with their keys, gives renders back, and ends with its job."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO

from ...core.render_file import pack, unpack_draw
from ...protocol import AutoSimulateError, Draw, InputError, Render, SampleKey
from . import frames

#: A render that is still going on so long after its job ended is given up.
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Renderer:
    """What renders: ``about`` is told once, ``render`` is called for every draw, ``seen()`` is told with every render.

    Both are dictionaries of plain Python.
    """

    about: Mapping[str, Any]
    render: Callable[[Draw, SampleKey], Render]
    seen: Callable[[], Mapping[str, Any]] = dict


#: Makes a Renderer from the order that the job sends first.
Opener = Callable[[Mapping[str, Any]], AbstractContextManager[Renderer]]


def serve(opener: Opener, forget: Callable[[Mapping[str, Any]], None] = lambda order: None) -> None:
    """Serves the job that started this process until it says goodbye or is gone.

    ``forget`` is given the order where the job went without a goodbye: what it left behind is ours to remove.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # Ctrl-C is the job's to answer
    with _streams() as (reader, writer):
        writer.write(frames.GREETING)
        writer.flush()
        requests = _Requests(reader, forget)
        order = next(requests, None)
        if order is None:
            return
        requests.order = order[0]
        try:
            with _answering(writer), opener(order[0]) as renderer:
                frames.write(writer, {"ready": dict(renderer.about)})
                for header, arrays in requests:
                    with _answering(writer):
                        key = SampleKey(*header["key"])
                        render = renderer.render(unpack_draw(arrays), key)
                        frames.write(writer, {"key": list(key), "memory": memory(), "processor": time.process_time(),
                                             **renderer.seen()}, pack(render))
        except BrokenPipeError:                         # nobody listens
            for _ in requests:
                pass
        if requests.orphaned:
            forget(order[0])


class _Requests:
    """The job's messages as they come. Read by a thread of its own, which sees the end of the job during a render."""

    def __init__(self, reader: BinaryIO, forget: Callable[[Mapping[str, Any]], None]) -> None:
        self.order: Mapping[str, Any] = {}
        self.orphaned = False           # the job went without a goodbye
        self._reader, self._forget = reader, forget
        self._waiting: queue.SimpleQueue[tuple[dict[str, Any], dict[str, Any]] | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="requests", daemon=True).start()

    def _listen(self) -> None:
        try:
            while not (message := frames.read(self._reader))[0].get("goodbye"):
                self._waiting.put(message)
        except (EOFError, OSError, frames.FrameError):
            self.orphaned = True
        self._waiting.put(None)
        time.sleep(GRACE_SECONDS)
        if self.orphaned and self.order:
            self._forget(self.order)
        os._exit(1)

    def __iter__(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        return self

    def __next__(self) -> tuple[dict[str, Any], dict[str, Any]]:
        message = self._waiting.get()
        if message is None:
            raise StopIteration
        return message


@contextlib.contextmanager
def _answering(writer: BinaryIO) -> Iterator[None]:
    """What our own errors say goes to the job: the same draw would fail in the same way again."""
    try:
        yield
    except AutoSimulateError as error:
        frames.write(writer, {"error": str(error), "input": isinstance(error, InputError)})


@contextlib.contextmanager
def _streams() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Standard input and output, for messages alone: what Blender and others print goes to standard error."""
    sys.stdout.flush()
    # Unbuffered: a buffer's lock, held by the thread that waits for messages, would keep this process from ending.
    with os.fdopen(os.dup(0), "rb", buffering=0) as reader, os.fdopen(os.dup(1), "wb") as writer:
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        os.close(nowhere)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        yield reader, writer


def memory() -> float:
    """Megabytes that this process holds in memory, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, AttributeError):
        return 0.0
