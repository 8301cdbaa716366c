"""Sample sheets of a run: the last renders for the window, start and end for the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ...core.film import NOISE, develop_uint8
from ...core.psi import Psi
from ...core.randomness import seed_of
from ...core.renders import RenderStore
from ...core.tasks import Task
from ...protocol import InputError, SampleKey
from ..record.directory import INFLUENCE_FILE, PREVIEW_FILE
from ..scene.simulator import BlenderSimulator
from . import pictures
from .boxes import boxes_of, sample_sheet
from .sample_iterations import PREVIEW

#: Samples on a sheet.
COUNT = 12


def sheet_path(given: str | None, name: str) -> Path:
    """The PNG to write: the one ``given``, or ``name`` in the folder given (default: the present one)."""
    path = Path(given or ".").expanduser().absolute()
    return path if path.suffix.lower() == ".png" else path / name


def check_sheet(path: Path) -> None:
    """Raises InputError where ``path`` is a picture that none of our commands has drawn: it may be a photograph."""
    if path.exists() and not (path.name in (PREVIEW_FILE, INFLUENCE_FILE) or pictures.is_own(path)):
        raise InputError(f"'{path}' is a picture that was not drawn by this program: choose another file (--output).")


def drawn(task: Task, images: Sequence[np.ndarray], labels: Sequence[np.ndarray], instances: Sequence[np.ndarray]
          ) -> np.ndarray:
    """A sheet of renders with what ``task`` learns of them: their boxes, or their masks."""
    boxes = boxes_of(task, np.stack(labels), np.stack(instances))
    return pictures.sample_sheet(images, labels) if boxes is None else sample_sheet(images, boxes)


def write_latest(path: Path, task: Task, store: RenderStore, count: int = COUNT) -> None:
    """The last renders of the optimisation with their labels; nothing while there are none."""
    if len(store) == 0:
        return
    index = torch.arange(max(0, len(store) - count), len(store))
    images = store.images(index, seeds=[seed_of(store.keys[i], NOISE) for i in index])
    images = (images * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    labels, instances = (list(each[index.to(store.device)].cpu().numpy()) for each in (store.labels, store.instances))
    pictures.write_image(path, drawn(task, list(images), labels, instances))


def write_sheet(path: Path, task: Task, simulator: BlenderSimulator, psi: Psi, seed: int, count: int = COUNT) -> None:
    """``count`` images drawn from ``psi`` with their labels; the same underlying random numbers for every psi."""
    keys = [SampleKey(seed, PREVIEW, index) for index in range(count)]
    renders = list(simulator.render([psi.sample(key) for key in keys], keys))
    pictures.write_image(path, drawn(
        task, [develop_uint8(render, None, simulator.layers) for render in renders],
        [render.labels for render in renders], [render.instances for render in renders]))
