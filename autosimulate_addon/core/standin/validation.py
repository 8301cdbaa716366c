"""Validation and test images from the target."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ...protocol import Moments, Render, SampleKey
from ..datasets.dataset import Dataset
from ..film import develop_uint8
from ..psi import Psi
from ..tasks.boxes import boxes_of_instances
from .scene import CLASSES
from .simulator import StandIn
from .starts import factors, target


def validation_and_test(seed: int = 999, n_val: int = 40, n_test: int = 200, psi: Mapping[str, Moments] = target
                        ) -> tuple[Dataset, Dataset]:
    """Two data sets drawn from ``psi`` (the target), of samples that no run with another seed can draw."""
    distribution = Psi.from_plain(factors(), psi)
    validation = _dataset(distribution, [SampleKey(seed, 0, sample) for sample in range(n_val)], "val")
    test = _dataset(distribution, [SampleKey(seed, 1, sample) for sample in range(n_test)], "test")
    return validation, test


def _dataset(psi: Psi, keys: list[SampleKey], name: str) -> Dataset:
    renders = list(StandIn().render([psi.sample(key) for key in keys], keys))
    labels = np.stack([render.labels for render in renders])
    return Dataset(np.stack([develop_uint8(render) for render in renders]), labels, CLASSES,
                   tuple(f"{name}_{key.sample:04d}" for key in keys), (), _boxes(labels, renders))


def _boxes(labels: np.ndarray, renders: list[Render]) -> tuple[np.ndarray, ...]:
    """What is visible of each object, as a data set has it: in pixels, of whatever size."""
    instances = torch.from_numpy(np.stack([render.instances.astype(np.int32) for render in renders]))
    height, width = labels.shape[-2:]
    boxes = boxes_of_instances(torch.from_numpy(labels), instances, 0) * torch.tensor([1, width, height, width, height])
    return tuple(each[each[:, 0] > 0].numpy() for each in boxes)
