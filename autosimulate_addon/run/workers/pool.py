"""Several render processes at work: draws go in, renders come out in the order they are asked for.

A render depends on the scene, its draw, its key and the settings alone: which process makes it, when, and at which
attempt is nobody's concern.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from ...core.render_file import digest
from ...protocol import AutoSimulateError, Cancelled, Draw, Render, SampleKey
from ..process.log import logger
from .child import Child, Limits
from .places import Places
from .process import ChildFailed, ChildLost

#: A render, and what its process said beside it.
Answer = tuple[Render, Mapping[str, Any]]
#: How often ``stop`` is asked while nothing comes.
_POLL_SECONDS = 0.2
#: Before a process that did not come up is started again: doubled each time, at most the last.
_PAUSE, _LONGEST_PAUSE = 0.1, 10.0


class Pool:
    """``count`` processes, each made by ``start(place)`` when it is first needed, ``place`` from 0 to count - 1.

    A process that fails is replaced and its draw asked again. One that does not come up, or whose machine is gone, is
    no draw's fault: others render meanwhile, and it is started again in the background, so often as ``limits`` allow.
    ``depth`` draws at a time are sent to each. A context manager; leaving it ends all processes, renders that nobody
    took included.
    """

    def __init__(self, start: Callable[[int], Child], count: int, limits: Limits = Limits(),  # noqa: B008
                 depth: int = 1) -> None:
        self._start, self._limits = start, limits
        self._at_work = count * depth
        self._executor = ThreadPoolExecutor(self._at_work, "render")
        self._places = Places(count, depth)
        self._children: list[Child | None] = [None] * count
        self._worn: set[int] = set()                # places whose process is to be replaced when nobody is there
        self._reviving: dict[int, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._submitted: dict[tuple[SampleKey, bytes], Future[Answer]] = {}
        if hasattr(signal, "SIGPIPE") and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)           # Blender leaves it: a dead child would end the job

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def submit(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> None:
        """These are rendered as soon as somebody is free; ``render`` gives them to whoever asks for the same."""
        for draw, key in zip(draws, keys, strict=True):
            name = (key, digest(draw))
            if name not in self._submitted:
                self._submitted[name] = self._executor.submit(self._render, draw, key)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey], stop: Callable[[], bool] = lambda: False
               ) -> Iterator[Answer]:
        """In the order of ``draws``, and not far ahead of whoever takes them: two for each that is being rendered.

        Raises Cancelled when ``stop`` says so, AutoSimulateError for a draw that cannot be rendered.
        """
        waiting: deque[Future[Answer]] = deque()
        try:
            for draw, key in zip(draws, keys, strict=True):
                waiting.append(self._submitted.pop((key, digest(draw)), None)
                               or self._executor.submit(self._render, draw, key))
                if len(waiting) > 2 * self._at_work:
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
            self._closing.set()
        idle = self._places.close()
        self._executor.shutdown(wait=False, cancel_futures=True)
        for place, child in enumerate(self._children):
            if child is not None and place not in idle:
                child.process.kill()
        self._executor.shutdown(wait=True)
        for thread in list(self._reviving.values()):
            thread.join()
        for place in range(len(self._children)):
            self._retire(place)

    def _render(self, draw: Draw, key: SampleKey) -> Answer:
        """In a thread of the executor: asks one process after the other."""
        problems: list[str] = []
        while len(problems) < self._limits.attempts:
            place = self._places.take()
            child = None
            try:
                child = self._child(place)
                return child.render(draw, key)
            except ChildLost as error:
                self._bury(place, child, str(error), lost=True)
            except ChildFailed as error:
                problems.append(str(error))
                self._bury(place, child, str(error))
            finally:
                self._leave(place)
        raise AutoSimulateError(
            f"Sample {tuple(key)} could not be rendered: the render process {problems[-1]}, the last of "
            f"{len(problems)} that tried. See its last words in the log, or render without other processes "
            f"(--workers 1).")

    def _child(self, place: int, reviving: bool = False) -> Child:
        """The process at ``place``. Raises Cancelled where the pool is being closed, ChildLost where it was lost since
        the place was taken: who waited for the next one here would keep a draw from the others.
        """
        with self._lock:
            if self._closing.is_set():
                raise Cancelled("Stopped: the render processes are ended.")
            if place in self._reviving and not reviving:
                raise ChildLost("is being started again")
            child = self._children[place] = self._children[place] or self._start(place)
        return child

    def _leave(self, place: int) -> None:
        child = self._children[place]
        if child is not None and child.worn:
            self._worn.add(place)
            self._places.shut(place)            # whoever else is there leaves it soon
        if self._places.leave(place) and place in self._worn:
            self._worn.discard(place)
            self._retire(place)
            self._places.reopen(place)

    def _bury(self, place: int, child: Child | None, why: str, lost: bool = False) -> None:
        """Ends the process at ``place`` for good, unless that is another one by now.

        Where it was ``lost`` the next one is started in the background, and nobody is let in before it has come up.
        """
        with self._lock:
            if child is None or self._children[place] is not child:
                return
            if not self._closing.is_set():
                self._children[place] = None
            if place in self._worn:
                self._worn.discard(place)
                self._places.reopen(place)
            if lost and place not in self._reviving:
                self._places.shut(place)
                thread = threading.Thread(target=self._start_again, args=(place, why), name=f"start {place}",
                                          daemon=True)
                self._reviving[place] = thread
                thread.start()
        words = child.process.last_words()
        child.process.kill()
        if not self._closing.is_set():
            logger.warning("the render process %s %s and is replaced; its last words: %s", child.process.name, why,
                           words)

    def _start_again(self, place: int, why: str) -> None:
        for number in range(1, self._limits.starts):
            if self._closing.wait(min(_PAUSE * 2 ** number, _LONGEST_PAUSE)):
                return
            child = None
            try:
                child = self._child(place, reviving=True)
                child.open()
                with self._lock:
                    del self._reviving[place]
                    self._places.reopen(place)
                return
            except (ChildFailed, OSError) as error:         # OSError: no memory or no file for another process
                why = str(error)
                if child is not None:
                    self._bury(place, child, why)
            except AutoSimulateError as error:
                self._places.give_up(place, error)
                return
        gone = AutoSimulateError(f"The render processes do not come up: one {why}, the last of {self._limits.starts} "
                                 "in a row. See its last words in the log, or render without other processes "
                                 "(--workers 1).")
        if self._places.give_up(place, gone):
            logger.warning("one render process fewer: it %s, the last of %d in a row", why, self._limits.starts)

    def _retire(self, place: int) -> None:
        with self._lock:
            child, self._children[place] = self._children[place], None
        if child is not None:
            child.close()
