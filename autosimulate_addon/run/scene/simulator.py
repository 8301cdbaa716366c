"""The one place where a simulator of a scene is made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ..config import RunConfig
from .blender_simulator import BlenderSimulator
from .marked_scene import MarkedScene
from .worker_simulator import WorkerSimulator

__all__ = ["BlenderSimulator", "open_simulator"]


@contextlib.contextmanager
def open_simulator(marked: MarkedScene, config: RunConfig, *, stop: Callable[[], bool] = lambda: False,
                   workers: int | None = None, extras: tuple[str, ...] = ()) -> Iterator[BlenderSimulator]:
    """Opens the scene for rendering with the run's settings, and gives it back as it was at the end.

    ``workers`` (default: as the settings say) processes render it; with one that is this process, but where images are
    to be rendered ahead. Raises InputError for what makes the scene impossible to render; ``stop`` is asked before
    every image. ``extras``: see ``protocol.Render.extras``; with some this process renders.
    """
    session = marked.session(config, extras)
    workers = 1 if extras else workers          # a render process knows the run's settings alone
    ahead = bool(config.overlap if config.overlap is not None else config.workers > 1) and workers is None
    count = config.workers if workers is None else workers
    made = WorkerSimulator(session, count, config.worker_devices, ahead=ahead, stop=stop) if count > 1 or ahead else \
        BlenderSimulator(session, stop=stop)
    with made as simulator:
        yield simulator
