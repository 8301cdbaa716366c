"""A Ray cluster's machines in the place of this one. Ray is an optional package, imported when it is asked for."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from ...protocol import InputError
from . import actor, frames, process
from .actor import FAILED, LOST, RenderActor
from .process import ChildFailed, ChildLost

#: Seconds between two looks at whether an answer is still wanted.
_POLL_SECONDS = 0.5
#: Seconds between two questions to an actor that Ray is starting again.
_PAUSE = 1.0
#: Beyond its time, before an answer is no longer waited for: the machine itself keeps the time, and tells.
_GRACE = 60.0
#: Within which the cluster's address has to take a connection.
_REACHED_SECONDS = 10.0
#: Only one thread at a time may tell the pickler what it is to take along.
_PICKLING = threading.Lock()
#: That the cluster's machines get for removing what they were given.
_LEAVE_SECONDS = 10.0
#: Draws that are sent to a process at a time: one is rendered, one waits beside it.
DEPTH = 2


class Cluster:
    """A connection to the cluster at ``address`` ("auto": the one that this machine is in), until ``close``.

    Raises InputError where Ray is not installed or there is no such cluster.
    """

    def __init__(self, address: str) -> None:
        self.ray = _ray()
        self._actors: list[Any] = []
        self._ours = not self.ray.is_initialized()
        if self._ours:
            self._connect(address)

    def _connect(self, address: str) -> None:
        if address != "auto":
            _check_there(address)
        terminate = signal.getsignal(signal.SIGTERM)        # Ray takes it; it is the job's
        try:
            self.ray.init(address, log_to_driver=False, logging_level="ERROR")
        except (Exception, SystemExit) as error:
            raise InputError(f"--cluster {address}: there is no Ray cluster that can be used ({_said(error)}); start "
                             "one with 'ray start --head', with the same Ray and Python as here.") from error
        finally:
            with contextlib.suppress(ValueError, TypeError):
                signal.signal(signal.SIGTERM, terminate)

    def shares(self, count: int | None, cards: bool) -> tuple[int, int]:
        """(processes, processors for each), ``count`` None for one a machine, or with ``cards`` one a graphics card.

        Raises InputError where the cluster has not so many processors, or graphics cards.
        """
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        return share_out([int(node.get("CPU", 0)) for node in nodes], [int(node.get("GPU", 0)) for node in nodes],
                         count, cards)

    def processes(self, files: Mapping[str, bytes], command: Sequence[str], prefix: str, sweep: Callable[[int], None],
                  resources: Mapping[str, float]) -> Callable[[int], RemoteProcess]:
        """What makes the process of a place, see ``RenderActor``; ``resources``: num_cpus and num_gpus of each."""
        kept = self.ray.put(dict(files))            # once, for all machines
        kind = self.ray.remote(RenderActor).options(max_restarts=-1, scheduling_strategy="SPREAD", **resources)
        hosts: dict[int, _Host] = {}

        def make() -> Any:
            with travelling(self.ray.cloudpickle, sweep):
                made = kind.remote(list(command), prefix, sweep)
            self._actors.append(made)
            return made

        return lambda place: RemoteProcess(self.ray, hosts.setdefault(place, _Host(make, kept)))

    def close(self) -> None:
        """Ends all actors, after they have put their machines in order, if they do."""
        with contextlib.suppress(Exception):
            self.ray.wait([each.leave.remote() for each in self._actors], num_returns=len(self._actors),
                          timeout=_LEAVE_SECONDS)
        for each in self._actors:
            with contextlib.suppress(Exception):
                self.ray.kill(each)
        self._actors.clear()
        if self._ours:
            with contextlib.suppress(Exception):
                self.ray.shutdown()


@contextlib.contextmanager
def travelling(pickler: ModuleType, sweep: Callable) -> Iterator[None]:
    """What is pickled meanwhile takes along the modules that a cluster does not have."""
    modules = [sys.modules[name] for name in {actor.__name__, process.__name__, frames.__name__, sweep.__module__}]
    with _PICKLING:
        for module in modules:
            pickler.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in modules:
                pickler.unregister_pickle_by_value(module)


class _Host:
    """The actor of a place, which Ray starts again elsewhere when its machine is gone; a new one where it gives up.

    ``files`` is where Ray keeps what the actor is given, see ``RenderActor.begin``.
    """

    def __init__(self, make: Callable[[], Any], files: Any) -> None:
        self._make, self.files = make, files
        self._actor: Any = None
        self.numbers = itertools.count()

    @property
    def actor(self) -> Any:
        self._actor = self._actor or self._make()
        return self._actor

    def forget(self) -> None:
        self._actor = None


class RemoteProcess:
    """See ``process.Process``: one of the processes, one after the other, of ``host``'s actor."""

    def __init__(self, ray: ModuleType, host: _Host) -> None:
        self._ray, self._host = ray, host
        self._number = next(host.numbers)
        self.name = "on the cluster"
        self._words, self._ended = "", False

    def begin(self, order: bytes, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds + _GRACE
        while True:
            try:
                asked = self._host.actor.begin.remote(self._host.files, self._number, order, seconds)
                return self._answer(asked, deadline)
            except self._ray.exceptions.ActorUnavailableError as error:     # Ray is starting it on another machine
                if time.monotonic() > deadline or self._ended:
                    raise ChildLost("did not come up again after its machine was gone") from error
                time.sleep(_PAUSE)

    def ask(self, message: bytes, seconds: float) -> bytes:
        try:
            return self._answer(self._host.actor.ask.remote(self._number, message, seconds),
                                time.monotonic() + DEPTH * seconds + _GRACE)
        except self._ray.exceptions.ActorUnavailableError as error:
            raise ChildLost("is on a machine that is gone") from error

    def _answer(self, asked: Any, deadline: float) -> bytes:
        """Raises ActorUnavailableError where the same may be asked again."""
        while not self._ray.wait([asked], timeout=_POLL_SECONDS)[0]:
            if self._ended:
                raise ChildLost("was ended")
            if time.monotonic() > deadline:
                raise ChildLost("gave no answer, nor did its machine")
        try:
            kind, said, words = self._ray.get(asked)
        except self._ray.exceptions.ActorUnavailableError:
            raise
        except self._ray.exceptions.RayError as error:
            self._host.forget()
            raise ChildLost(f"has lost its machine ({_said(error)})") from error
        if kind in (FAILED, LOST):
            self._words = words
            raise (ChildLost if kind == LOST else ChildFailed)(said)
        self.name = words
        return said

    def close(self, goodbye: bytes) -> None:
        self._end(goodbye)

    def kill(self) -> None:
        self._end(b"")

    def _end(self, goodbye: bytes) -> None:
        if not self._ended:
            self._ended = True
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._host.actor.end.remote(self._number, goodbye)

    def last_words(self) -> str:
        return self._words


def share_out(processors: Sequence[int], cards: Sequence[int], count: int | None, on_cards: bool) -> tuple[int, int]:
    """(processes, processors for each), on machines with so many ``processors`` and graphics ``cards``.

    The largest whole number of processors with which ``count`` fit. Raises InputError where they do not fit.
    """
    if on_cards:
        there = sum(cards)
        count = count or there
        if not there or count > there:
            raise InputError(f"The scene renders on graphics cards, and the cluster has {there}, not {count or 1}: "
                             "give --workers fewer, or set the scene's device to CPU.")
        return count, max(1, min(cpu // gpu for cpu, gpu in zip(processors, cards, strict=True) if gpu))
    count = count or sum(1 for cpu in processors if cpu)
    for each in range(max(processors, default=0), 0, -1):
        if count and sum(cpu // each for cpu in processors) >= count:
            return count, each
    raise InputError(f"The cluster has {sum(processors)} processors, too few for {count or 1} render processes: give "
                     "--workers fewer.")


def _check_there(address: str) -> None:
    """Raises InputError where nobody listens: Ray itself would ask for a quarter of an hour."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"--cluster {address} is no address: write auto, or one like 10.0.0.1:6379.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"--cluster {address}: nobody answers there ({_said(error)}); is the cluster up, and "
                         "is that the address that 'ray start --head' has printed?") from error


def _said(error: BaseException) -> str:
    """The first line of what it says, without a full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")


def _ray() -> ModuleType:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise InputError(f"--cluster needs Ray, which is not installed in this Python: run '{sys.executable} -m pip "
                         "install ray'.") from error
