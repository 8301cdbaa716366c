"""The built-in demo: a procedural scene whose right distributions are known, but hidden from the optimisation."""

from __future__ import annotations

from typing import Any

from ...blender.marks import properties
from ...blender.marks.mark import ClassTable
from ...blender.scenes import demo as demo_scene
from ...core.datasets import Dataset
from ...core.psi import Psi
from ..config import RunConfig
from ..images.dataset_writer import write_dataset
from ..images.sample_iterations import DEMO_TEST, DEMO_VALIDATION
from ..process.progress import Progress
from ..record.directory import RunDirectory
from ..scene import marked_scene
from ..scene.simulator import BlenderSimulator

#: Sized for a few minutes on two cores.
SETTINGS: dict[str, Any] = {"width": 64, "height": 48, "iterations": 10, "images": 24, "count": 144}
VALIDATION_IMAGES = 48
TEST_IMAGES = 64


def build(start: str) -> marked_scene.MarkedScene:
    """The demo scene in memory, in place of the open file. ``start``: "narrow" (and wrong) or "wide"."""
    properties.ensure_registered()
    return marked_scene.marked_scene(demo_scene.build(start=start), None)


def labelled_images(config: RunConfig, directory: RunDirectory, classes: ClassTable, simulator: BlenderSimulator,
                    progress: Progress) -> tuple[Dataset, Dataset]:
    """Validation and test images rendered from the hidden target psi*, kept in the run's ``directory``."""
    start = {factor.key: factor.start for factor in simulator.factors}
    target = Psi.from_plain(simulator.factors, {**start, **demo_scene.target()})
    datasets = []
    total = VALIDATION_IMAGES + TEST_IMAGES
    before = 0
    for folder, iteration, count in ((directory.validation, DEMO_VALIDATION, VALIDATION_IMAGES),
                                     (directory.test, DEMO_TEST, TEST_IMAGES)):
        write_dataset(folder, simulator, target, count=count, seed=config.seed, iteration=iteration,
                      info=marked_scene.image_info(config),
                      done=lambda n, before=before: progress.update("prepare", (before + n) / total, images=before + n))
        datasets.append(marked_scene.labelled_images(str(folder), classes, config))
        before += count
    return datasets[0], datasets[1]
