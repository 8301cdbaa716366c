"""Small folders of labelled images that the data sets' tests write and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import Dataset, inspect, read_dataset
from autosimulate_addon.protocol import InputError

CLASSES = ("background", "cube", "sphere")
WIDTH, HEIGHT = 40, 30


def scene_labels(shift: int = 0) -> np.ndarray:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:15, 4 + shift:14 + shift] = 1
    labels[12:25, 20:36] = 2
    return labels


def photograph(labels: np.ndarray) -> np.ndarray:
    return np.array([(10, 20, 30), (200, 30, 30), (30, 30, 200)], np.uint8)[np.where(labels < 3, labels, 0)]


def write(folder: Path, names=("b.png", "a.png", "c.png"), masks: str = "masks", images: str = "images",
          ids=(0, 1, 2), suffix: str = ".png") -> None:
    (folder / images).mkdir(parents=True)
    (folder / masks).mkdir(parents=True, exist_ok=True)
    for shift, name in enumerate(names):
        labels = scene_labels(shift)
        Image.fromarray(photograph(labels)).save(folder / images / name)
        Image.fromarray(np.array(ids, np.uint8)[labels]).save(folder / masks / (Path(name).stem + suffix))


def read(folder: Path, ids=None, classes=CLASSES, size=(WIDTH, HEIGHT)) -> Dataset:
    return read_dataset(folder, classes, ids, *size)


def fails(folder: Path, *words: str, **options) -> str:
    """Reading must end in one sentence with all these words, and inspecting must have problems and not raise."""
    with pytest.raises(InputError) as caught:
        read(folder, **options)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    for word in words:
        assert word in text, text
    assert not inspect(folder, options.get("classes", CLASSES), options.get("ids")).ok
    return text
