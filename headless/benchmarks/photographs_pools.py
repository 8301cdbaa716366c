"""Pools of renders on disk: so many images of one psi, each rendered once, whoever asks for it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autosimulate_addon.core.datasets import Dataset, read_dataset
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.render_cache import RenderCache
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.protocol import InputError, Moments, SampleKey
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.scene import marked_scene
from autosimulate_addon.run.scene.simulator import BlenderSimulator, open_simulator
from autosimulate_addon.run.scene.validation_ids import validation_ids

from . import provenance
from .blender_runs import run_py


@dataclass(frozen=True)
class Pools:
    """Below ``work``: the scene of each start, and a folder of renders for each psi and seed."""

    work: Path
    data: Path
    config: RunConfig
    build: str = "lmo"                  # the scene, built from the folder ``data``
    task: str = "segmentation"          # that psi is learned for

    def scene(self, start: str) -> Path:
        """The .blend of one start, built when it is first asked for."""
        path = self.work / f"{start}.blend"
        if not path.exists():
            run_py("build", self.build, "--start", start, "--data", self.data, "--output", path)
        return path

    def render(self, start: str, plain: Mapping[str, Moments] | None, seed: int, count: int) -> RenderStore:
        """``count`` renders of ``plain`` (None: the start itself). The same seed gives any psi the same random numbers.

        What is on disk is read; the rest is rendered and kept.
        """
        with self.simulator(start) as simulator:
            psi = psi_of(simulator, plain)
            cache = RenderCache(simulator, self.folder / self.name(start, plain, seed))
            keys = [SampleKey(seed, 0, sample) for sample in range(count)]
            renders = []
            for number, render in enumerate(cache.render([psi.sample(key) for key in keys], keys), 1):
                renders.append(render)
                if number % 40 == 0:
                    print(f"   {cache.folder.name}: {number} of {count}", file=sys.stderr, flush=True)
            store = RenderStore(simulator.factors, simulator.layers)
            store.add(renders, psi)
            return store

    @property
    def folder(self) -> Path:
        """Of the renders of this size and quality."""
        return self.work / f"{self.config.width}x{self.config.height}x{self.config.samples}"

    @property
    def learned(self) -> Path:
        """Of the psi that this version has learned from such renders: another's would not be what a row says it is."""
        return self.work / "psi" / provenance.commit() / self.folder.name

    def name(self, start: str, plain: Mapping[str, Moments] | None, seed: int) -> str:
        """A psi that was learned is named by its numbers: another psi never finds its renders."""
        if plain is None:
            return f"{start}_{seed}"
        text = json.dumps(plain, sort_keys=True).encode()
        return f"{start}_{hashlib.blake2b(text, digest_size=4).hexdigest()}_{seed}"

    @contextmanager
    def simulator(self, start: str) -> Iterator[BlenderSimulator]:
        """The scene of a start, open for rendering."""
        marked = marked_scene.open_marked_scene(str(self.scene(start)), None)
        with open_simulator(marked.starting_at(marked_scene.starting_psi(marked, None)), self.config) as simulator:
            yield simulator


def remembered(path: Path, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a run has found, from the JSON file ``path``, into which it is written when it is first asked for."""
    if not path.exists():
        found = find()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def check_lmo(data: Path) -> None:
    """Raises InputError where ``data`` is not LM-O's folder."""
    for part in ("models", "val", "test"):
        if not (data / part).is_dir():
            raise InputError(f"--data '{data}' has no folder '{part}': give LM-O's own folder.")


def read_photographs(scene: Path, data: Path, config: RunConfig) -> list[Dataset]:
    """Those of val and of test, with the classes of the scene."""
    classes = marked_scene.open_marked_scene(str(scene), None).classes
    return [read_dataset(data / split, classes.names, validation_ids(data / split, classes),
                         config.width, config.height) for split in ("val", "test")]


def psi_of(simulator: BlenderSimulator, plain: Mapping | None) -> Psi:
    """psi at these numbers, or at the scene's start, as a run begins."""
    return Psi.from_factors(simulator.factors) if plain is None else Psi.from_plain(simulator.factors, plain)
