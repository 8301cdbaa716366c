"""Renders on disk, one file each, so that none is ever rendered twice."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..protocol import Draw, Render, SampleKey, Simulator


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
                self._latest[key] = _digest(draw).tobytes(), render
                yield render
        finally:
            if hasattr(new, "close"):
                new.close()

    def path(self, key: SampleKey) -> Path:
        """Of a render's file. There is none without a folder."""
        if self.folder is None:
            raise ValueError("Renders are not kept on disk: this cache has no folder")
        return self.folder / f"{self.prefix}s{key.seed}_i{key.iteration:05d}_{key.sample:05d}.npz"

    def _save(self, render: Render, draw: Draw, key: SampleKey) -> None:
        if self.folder is None:
            return
        names = sorted(render.draw)
        arrays = {f"draw_{index}": np.asarray(render.draw[name]) for index, name in enumerate(names)}
        path = self.path(key)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with open(temporary, "wb") as file:
            np.savez(file, asked=_digest(draw), factors=np.array(names, dtype=np.str_), layers=render.layers,
                     reference=render.reference, labels=render.labels, instances=render.instances,
                     seconds=np.float64(render.seconds), **arrays)
        os.replace(temporary, path)

    def _load(self, draw: Draw, key: SampleKey) -> Render | None:
        digest, render = self._latest.get(key, (b"", None))
        if render is not None and digest == _digest(draw).tobytes():
            return render
        own = self._read(draw, key)
        return own if own is not None or self.beside is None else self.beside._load(draw, key)

    def _read(self, draw: Draw, key: SampleKey) -> Render | None:
        if self.folder is None or not self.path(key).exists():
            return None
        try:
            with np.load(self.path(key), allow_pickle=False) as data:
                if data["asked"].tobytes() != _digest(draw).tobytes():
                    return None
                kept = {str(name): data[f"draw_{index}"] for index, name in enumerate(data["factors"])}
                return Render(key, kept, data["layers"], data["reference"], data["labels"], data["instances"],
                              float(data["seconds"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None                     # a damaged file: render it again


def _digest(draw: Draw) -> np.ndarray:
    """Of the exact values that were asked for. (A simulator may hand back a draw with absent values marked.)"""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(draw):
        value = np.ascontiguousarray(draw[name])
        digest.update(f"{name}\x1f{value.dtype.str}{value.shape}\x1f".encode())
        digest.update(value.tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)
