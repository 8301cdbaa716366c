"""The one place where a simulator of a scene is made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ...blender.render.session import RenderSession
from ..config import RunConfig
from .blender_simulator import BlenderSimulator
from .cluster_farm import ClusterFarm
from .farm import Farm, ThisMachine
from .marked_scene import MarkedScene
from .worker_simulator import WorkerSimulator

__all__ = ["BlenderSimulator", "open_simulator"]


@contextlib.contextmanager
def open_simulator(marked: MarkedScene, config: RunConfig, *, stop: Callable[[], bool] = lambda: False,
                   alone: bool = False, extras: tuple[str, ...] = ()) -> Iterator[BlenderSimulator]:
    """Opens the scene for rendering with the run's settings, and gives it back as it was at the end.

    It is rendered where the settings say: by this process, or by others, here or on a cluster; ``alone``: by this one.
    Raises InputError for what makes the scene impossible to render; ``stop`` is asked before every image. ``extras``:
    see ``protocol.Render.extras``; with some this process renders, because the others know the run's settings alone.
    """
    session = marked.session(config, extras)
    several = bool(config.cluster) or config.workers > 1
    ahead = several if config.overlap is None else config.overlap
    if alone or extras or not (several or ahead):
        made = BlenderSimulator(session, stop=stop)
    else:
        made = WorkerSimulator(session, _farm(session, config), ahead=ahead, stop=stop)
    with made as simulator:
        yield simulator


def _farm(session: RenderSession, config: RunConfig) -> Farm:
    return (ClusterFarm(session.scene, config) if config.cluster else
            ThisMachine(config.workers, config.worker_devices))
