"""Blender as a simulator in other processes: each has a copy of the scene open and renders what it is given."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...blender.marks import plain
from ...blender.render import scratch
from ...blender.render.session import RenderSession
from ...protocol import Draw, InputError, Render, SampleKey
from ..process.script import render_worker_command
from ..workers.child import Child, Limits
from ..workers.pool import Pool
from . import scene_file
from .blender_simulator import BlenderSimulator

#: Of the folder with the copy of the scene, for as long as its job lives.
FOLDER_PREFIX = "autosimulate-workers-"


class WorkerSimulator(BlenderSimulator):
    """The session's scene, rendered by ``count`` processes. They begin when the first image is asked for.

    Every process uses its share of the processor's cores, and, where ``devices`` ("0,1") names graphics cards, sees
    one of them alone. ``ahead``: what is submitted is rendered while this process does something else.
    """

    def __init__(self, session: RenderSession, count: int, devices: str = "", *, ahead: bool = True,
                 stop: Callable[[], bool] = lambda: False) -> None:
        super().__init__(session, stop=stop)
        self.count, self._ahead = count, ahead
        self._devices = [device.strip() for device in devices.split(",") if device.strip()]
        self._folder: Path | None = None
        self._pool: Pool | None = None

    def __enter__(self) -> WorkerSimulator:
        return self         # the session is not entered: this process renders nothing

    def __exit__(self, *error: Any) -> None:
        if self._pool is not None:
            self._pool.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._pool = None

    @property
    def pool(self) -> Pool:
        """The processes; at the first call the scene is copied for them. Raises InputError where it cannot be."""
        if self._pool is None:
            self._pool = self._make()
        return self._pool

    def submit(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> None:
        """See ``protocol.WorksAhead``."""
        if self._ahead:
            self.pool.submit(draws, keys)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        """Renders in the order of ``draws``. Raises Cancelled when ``stop`` says so, without waiting for an image."""
        for render, said in self.pool.render(draws, keys, self._stop):
            self._session.rendered_elsewhere(render, said["expected"])
            self.images += 1
            yield render

    def _make(self) -> Pool:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        except OSError as error:
            raise InputError(f"No temporary folder can be made for the render processes ({error.strerror}); free some "
                             "space or set TMPDIR.") from error
        try:
            asked = order(self._session, self._folder / "copy.blend", max(1, cores() // self.count))
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        limits, command = Limits(), render_worker_command()

        def start(place: int) -> Child:
            environment = {"TMPDIR": str(self._folder)}
            if self._devices:
                environment["CUDA_VISIBLE_DEVICES"] = self._devices[place % len(self._devices)]
            return Child(command, asked, self._folder / f"{place}.log", limits, environment)

        return Pool(start, self.count, limits, scratch.remove)


def order(session: RenderSession, copy: Path, threads: int) -> dict[str, Any]:
    """What a process is to do; the scene is saved as ``copy`` for it."""
    scene_file.save_copy(copy)
    return {"scene": str(copy), "name": session.scene.name, "settings": asdict(session.settings), "threads": threads,
            "about": about(session), **plain.dump(session.marks, session.class_table)}


def about(session: RenderSession) -> dict[str, Any]:
    """What the sessions of all processes must agree on, as JSON has it."""
    return {"classes": list(session.classes), "factors": [factor.key for factor in session.factors],
            "layers": [[layer.name, [[driver.factor, driver.element] for driver in layer.drivers]]
                       for layer in session.layers],
            "size": [session.settings.height, session.settings.width]}


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
