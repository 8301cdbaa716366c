"""Sample sheets of a run: the last renders for the window, start and end for the report."""

from __future__ import annotations

from pathlib import Path

from ..core.film import develop_uint8
from ..core.psi import Psi
from ..protocol import SampleKey
from . import pictures
from .blender_simulator import BlenderSimulator
from .sample_iterations import PREVIEW

#: Samples on a sheet.
COUNT = 12


def write_latest(path: Path, simulator: BlenderSimulator) -> None:
    """The last rendered images with their masks; nothing when none was rendered in this process."""
    renders = list(simulator.latest)
    if renders:
        pictures.write_image(path, pictures.sample_sheet(
            [develop_uint8(render, None, simulator.layers) for render in renders],
            [render.labels for render in renders]))


def write_sheet(path: Path, simulator: BlenderSimulator, psi: Psi, seed: int, count: int = COUNT) -> None:
    """``count`` images drawn from ``psi`` with their masks; the same underlying random numbers for every psi."""
    keys = [SampleKey(seed, PREVIEW, index) for index in range(count)]
    renders = list(simulator.render([psi.sample(key) for key in keys], keys))
    pictures.write_image(path, pictures.sample_sheet(
        [develop_uint8(render, None, simulator.layers) for render in renders], [render.labels for render in renders]))
