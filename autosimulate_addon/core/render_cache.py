"""Renders on disk, one file each, so that none is ever rendered twice."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..protocol import Draw, Render, SampleKey, Simulator, WorksAhead
from .render_file import digest, pack, unpack


class RenderCache:
    """Gives renders from ``folder`` where they are, else from the simulator, and keeps those.

    Without a folder nothing is kept. A file holds the render of exactly the draw it was asked for: another psi for
    the same key is another render, and replaces it. What ``beside`` holds is taken from there: its folder and, with or
    without one, the renders that it gave last.
    """

    def __init__(self, simulator: Simulator, folder: Path | None, prefix: str = "",
                 beside: RenderCache | None = None) -> None:
        self.simulator, self.folder, self.prefix, self.beside = simulator, folder, prefix, beside
        self._latest: dict[SampleKey, tuple[bytes, Render]] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        """In the order of ``draws``. Each is on disk before it is given out."""
        self._latest = {}
        stored = [self._load(draw, key) for draw, key in zip(draws, keys, strict=True)]
        missing = [i for i, render in enumerate(stored) if render is None]
        rendered = self.simulator.render([draws[i] for i in missing], [keys[i] for i in missing]) if missing else ()
        new = iter(rendered)
        try:
            for draw, key, render in zip(draws, keys, stored, strict=True):
                if render is None:
                    render = next(new)
                    self._save(render, draw, key)
                self._latest[key] = digest(draw), render
                yield render
        finally:
            if hasattr(new, "close"):
                new.close()

    def submit(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> None:
        """Lets the simulator begin with those that are not there, where it can; ``render`` gives them later."""
        if isinstance(self.simulator, WorksAhead):
            missing = [pair for pair in zip(draws, keys, strict=True) if self._load(*pair) is None]
            self.simulator.submit([draw for draw, _ in missing], [key for _, key in missing])

    def path(self, key: SampleKey) -> Path:
        """Of a render's file. There is none without a folder."""
        if self.folder is None:
            raise ValueError("Renders are not kept on disk: this cache has no folder")
        return self.folder / f"{self.prefix}s{key.seed}_i{key.iteration:05d}_{key.sample:05d}.npz"

    def _save(self, render: Render, draw: Draw, key: SampleKey) -> None:
        if self.folder is None:
            return
        path = self.path(key)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with open(temporary, "wb") as file:
            np.savez(file, asked=np.frombuffer(digest(draw), dtype=np.uint8), **pack(render))
        os.replace(temporary, path)

    def _load(self, draw: Draw, key: SampleKey) -> Render | None:
        asked, render = self._latest.get(key, (b"", None))
        if render is not None and asked == digest(draw):
            return render
        own = self._read(draw, key)
        return own if own is not None or self.beside is None else self.beside._load(draw, key)

    def _read(self, draw: Draw, key: SampleKey) -> Render | None:
        if self.folder is None or not self.path(key).exists():
            return None
        try:
            with np.load(self.path(key), allow_pickle=False) as data:
                return unpack(key, data) if data["asked"].tobytes() == digest(draw) else None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None                     # a damaged file: render it again
