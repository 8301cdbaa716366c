"""Sample sheets of a run: the last renders for the window, start and end for the report."""

from __future__ import annotations

from pathlib import Path

import torch

from ...core.film import NOISE, develop_uint8
from ...core.psi import Psi
from ...core.randomness import seed_of
from ...core.renders import RenderStore
from ...protocol import SampleKey
from ..scene.simulator import BlenderSimulator
from . import pictures
from .sample_iterations import PREVIEW

#: Samples on a sheet.
COUNT = 12


def sheet_path(given: str | None, name: str) -> Path:
    """The PNG to write: the one ``given``, or ``name`` in the folder given (default: the present one)."""
    path = Path(given or ".").expanduser().absolute()
    return path if path.suffix.lower() == ".png" else path / name


def write_latest(path: Path, store: RenderStore, count: int = COUNT) -> None:
    """The last renders of the optimisation with their masks; nothing while there are none."""
    if len(store) == 0:
        return
    index = torch.arange(max(0, len(store) - count), len(store))
    images = store.images(index, seeds=[seed_of(store.keys[i], NOISE) for i in index])
    images = (images * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    pictures.write_image(path, pictures.sample_sheet(list(images), list(store.labels[index].cpu().numpy())))


def write_sheet(path: Path, simulator: BlenderSimulator, psi: Psi, seed: int, count: int = COUNT) -> None:
    """``count`` images drawn from ``psi`` with their masks; the same underlying random numbers for every psi."""
    keys = [SampleKey(seed, PREVIEW, index) for index in range(count)]
    renders = list(simulator.render([psi.sample(key) for key in keys], keys))
    pictures.write_image(path, pictures.sample_sheet(
        [develop_uint8(render, None, simulator.layers) for render in renders], [render.labels for render in renders]))
