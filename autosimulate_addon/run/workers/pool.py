"""Several render processes at work: draws go in, renders come out in the order they are asked for.

A render depends on the scene, its draw, its key and the settings alone: which process makes it, when, and at which
attempt is nobody's concern.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from ...core.render_file import digest
from ...protocol import AutoSimulateError, Cancelled, Draw, Render, SampleKey
from ..process.log import logger
from .child import Child, ChildFailed, Limits

#: A render, and what its process said beside it.
Answer = tuple[Render, Mapping[str, Any]]
#: How often ``stop`` is asked while nothing comes.
_POLL_SECONDS = 0.2


class Pool:
    """``count`` processes, each made by ``start(place)`` when it is first needed, ``place`` from 0 to count - 1.

    A process that fails is replaced and its draw asked again. ``buried(pid)`` hears of every process that was killed.
    A context manager; leaving it ends all processes, renders that nobody took included.
    """

    def __init__(self, start: Callable[[int], Child], count: int, limits: Limits = Limits(),  # noqa: B008
                 buried: Callable[[int], None] = lambda pid: None) -> None:
        self._start, self._limits, self._buried = start, limits, buried
        self.count = count
        self._executor = ThreadPoolExecutor(count, "render")
        self._places: queue.LifoQueue[int] = queue.LifoQueue()      # those that nobody works at, the warmest first
        self._children: list[Child | None] = [None] * count
        self._lock = threading.Lock()
        self._closing = False
        self._submitted: dict[tuple[SampleKey, bytes], Future[Answer]] = {}
        for place in reversed(range(count)):
            self._places.put(place)
        if hasattr(signal, "SIGPIPE") and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)           # Blender leaves it: a dead child would end the job

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Of the processes that are there now."""
        with self._lock:
            return [child.process.pid for child in self._children if child is not None]

    def submit(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> None:
        """These are rendered as soon as somebody is free; ``render`` gives them to whoever asks for the same."""
        for draw, key in zip(draws, keys, strict=True):
            name = (key, digest(draw))
            if name not in self._submitted:
                self._submitted[name] = self._executor.submit(self._render, draw, key)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey], stop: Callable[[], bool] = lambda: False
               ) -> Iterator[Answer]:
        """In the order of ``draws``, and not far ahead of whoever takes them: two for each process.

        Raises Cancelled when ``stop`` says so, AutoSimulateError for a draw that cannot be rendered.
        """
        waiting: deque[Future[Answer]] = deque()
        try:
            for draw, key in zip(draws, keys, strict=True):
                waiting.append(self._submitted.pop((key, digest(draw)), None)
                               or self._executor.submit(self._render, draw, key))
                if len(waiting) > 2 * self.count:
                    yield self._answer(waiting.popleft(), stop)
            while waiting:
                yield self._answer(waiting.popleft(), stop)
        finally:
            for future in waiting:
                future.cancel()

    def _answer(self, future: Future[Answer], stop: Callable[[], bool]) -> Answer:
        while True:
            if stop():
                future.cancel()
                raise Cancelled("Stopped after the last complete image.")
            if wait([future], _POLL_SECONDS).done:
                return future.result()

    def close(self) -> None:
        """Ends all processes: the idle ones by themselves, the others at once."""
        with self._lock:
            self._closing = True
        self._executor.shutdown(wait=False, cancel_futures=True)
        idle = [self._places.get() for _ in range(self._places.qsize())]
        for place, child in enumerate(self._children):
            if child is not None and place not in idle:
                child.kill()
        self._executor.shutdown(wait=True)
        for place in range(self.count):
            self._retire(place)

    def _render(self, draw: Draw, key: SampleKey) -> Answer:
        """Works at one of the places, in a thread of the executor."""
        place = self._places.get()
        problems: list[str] = []
        try:
            while len(problems) < self._limits.attempts:
                try:
                    return self._child(place).render(draw, key)
                except ChildFailed as error:
                    problems.append(str(error))
                    self._bury(place, str(error))
            raise AutoSimulateError(
                f"Sample {tuple(key)} could not be rendered: the render process {problems[-1]}, the last of "
                f"{len(problems)} that tried. See its last words in the log, or render without other processes "
                f"(--workers 1).")
        finally:
            child = self._children[place]
            if child is not None and child.worn:
                self._retire(place)
            self._places.put(place)

    def _child(self, place: int) -> Child:
        """The process at ``place``. Raises Cancelled where the pool is being closed."""
        with self._lock:
            if self._closing:
                raise Cancelled("Stopped: the render processes are ended.")
            child = self._children[place] = self._children[place] or self._start(place)
        return child

    def _bury(self, place: int, why: str) -> None:
        child = self._children[place]
        child.kill()
        if self._closing:
            return
        logger.warning("the render process %d %s and is replaced; its last words: %s", child.process.pid, why,
                       child.last_words())
        self._buried(child.process.pid)
        with self._lock:
            self._children[place] = None

    def _retire(self, place: int) -> None:
        with self._lock:
            child, self._children[place] = self._children[place], None
        if child is not None:
            child.close()
            self._buried(child.process.pid)
