"""Blender as a simulator in other processes: each has a copy of the scene open and renders what it is given."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...blender.render.session import RenderSession
from ...protocol import Draw, InputError, Render, SampleKey
from ..workers.pool import Pool
from .blender_simulator import BlenderSimulator
from .farm import FOLDER_PREFIX, Farm


class WorkerSimulator(BlenderSimulator):
    """The session's scene, rendered by the processes of ``farm``. They begin when the first image is asked for.

    ``ahead``: what is submitted is rendered while this process does something else.
    """

    def __init__(self, session: RenderSession, farm: Farm, *, ahead: bool = True,
                 stop: Callable[[], bool] = lambda: False) -> None:
        super().__init__(session, stop=stop)
        self._farm, self._ahead = farm, ahead
        self._folder: Path | None = None
        self._pool: Pool | None = None

    def __enter__(self) -> WorkerSimulator:
        return self         # the session is not entered: this process renders nothing

    def __exit__(self, *error: Any) -> None:
        if self._pool is not None:
            self._pool.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._pool = None
        self._farm.close()

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
            start = self._farm.prepare(self._session, self._folder)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return Pool(start, self._farm.count, depth=self._farm.depth)
