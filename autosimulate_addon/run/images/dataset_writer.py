"""Writes renders as a labelled data set: images/, masks/, instances/, records/, annotations.json, classes.json.

Each image is complete when its record is there (it is written last) with its pictures, so a job that was stopped goes
on where it was, and an image is never rendered twice. The same seed and psi give the same files. annotations.json names
the images that are complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...core.film import develop_uint8
from ...core.psi import Psi
from ...protocol import Cancelled, InputError, Render, SampleKey, Simulator
from ..process.streams import finite
from ..record.directory import DATASET_FILE, atomic_path, check_count, read_json, write_json
from . import coco, pictures

FORMAT = "autosimulate-dataset"


def write_dataset(folder: Path, simulator: Simulator, psi: Psi, *, count: int, seed: int, iteration: int,
                  info: Mapping[str, Any], done: Callable[[int], None] = lambda finished: None) -> list[str]:
    """Brings ``folder`` to ``count`` images drawn from ``psi`` and returns what is odd about them, a sentence each.

    ``iteration`` is the one in the images' SampleKeys. ``info`` (what else decides the images; of it "keypoints" are
    the names of the points of each class that has some, in the order of the renders' own) must agree with what the
    folder already holds, and that must not be more, else InputError. Cancelled leaves a data set of the images so
    far.
    """
    what = {"format": FORMAT, "version": 1, "seed": seed, "iteration": iteration, "classes": simulator.classes,
            "psi": psi.plain(), **info}
    check_same(folder, what)
    check_count(folder, count)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / DATASET_FILE, what)
    write_json(folder / "classes.json", {name: index for index, name in enumerate(simulator.classes)})
    names = [f"{index:06d}" for index in range(count)]
    missing = [index for index, name in enumerate(names) if not _is_complete(folder, name)]
    done(count - len(missing))
    keys = [SampleKey(seed, iteration, index) for index in missing]
    draws = [psi.sample(key) for key in keys]
    try:
        for position, (index, render) in enumerate(zip(missing, simulator.render(draws, keys), strict=True), start=1):
            _write_image(folder, names[index], render, simulator, info.get("keypoints", {}))
            done(count - len(missing) + position)
    except Cancelled:
        _annotate(folder, names, what)      # what is there is a whole data set, only a smaller one
        raise
    return _odd(simulator.classes, _annotate(folder, names, what))


def check_same(folder: Path, what: Mapping[str, Any]) -> None:
    """Raises InputError when ``folder`` holds something else than a data set made exactly like this."""
    path = folder / DATASET_FILE
    if path.exists():
        stored = read_json(path, "data set's dataset.json")
        if stored != json.loads(json.dumps(finite(dict(what)))):
            raise InputError(f"'{folder}' holds a data set of another psi, seed or size; choose another folder "
                             f"(--output).")
    elif folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"'{folder}' is not empty and holds no data set to go on with; choose another folder "
                         f"(--output).")


def _is_complete(folder: Path, name: str) -> bool:
    """Its record comes last; a picture that somebody deleted afterwards is rendered again."""
    return (folder / "records" / f"{name}.json").exists() and all(
        (folder / place / f"{name}.png").exists() for place in ("images", "masks", "instances"))


def _write_image(folder: Path, name: str, render: Render, simulator: Simulator,
                 keypoints: Mapping[str, Sequence[str]]) -> None:
    order = coco.keypoint_names(keypoints)
    positions = {simulator.classes.index(of): [order.index(point) for point in points]
                 for of, points in keypoints.items()}
    height, width = render.labels.shape
    pictures.write_image(folder / "images" / f"{name}.png", develop_uint8(render, None, simulator.layers))
    pictures.write_mask(folder / "masks" / f"{name}.png", render.labels)
    pictures.write_image(folder / "instances" / f"{name}.png", render.instances)
    _write_extras(folder, name, render)
    write_json(folder / "records" / f"{name}.json", {
        "image": {"file_name": f"images/{name}.png", "width": width, "height": height},
        "annotations": coco.annotations_of(render.labels, render.instances, render.extras, positions),
        "draw": {key: values.tolist() for key, values in render.draw.items()},
        "sample": list(render.key),
        **({"camera": render.extras["camera"], "poses": [
            {"instance": int(number), "model_to_camera": pose}
            for number, pose in zip(render.extras["posed"], render.extras["poses"], strict=True)]}
           if "camera" in render.extras else {}),
    })


def _write_extras(folder: Path, name: str, render: Render) -> None:
    """depth/ and normal/ as numpy files, float32: what is rounded or cut is a matter of each format."""
    for what in ("depth", "normal"):
        if what in render.extras:
            with atomic_path(folder / what / f"{name}.npy") as temporary:
                np.save(temporary, render.extras[what], allow_pickle=False)


def _annotate(folder: Path, names: list[str], what: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Writes annotations.json for those of ``names`` that are complete; returns their records."""
    records = [read_json(folder / "records" / f"{name}.json", "record of an image") for name in names
               if _is_complete(folder, name)]
    write_json(folder / "annotations.json", coco.dataset(
        what["classes"], [record["image"] for record in records], [record["annotations"] for record in records],
        what.get("keypoints")))
    return records


def _odd(classes: tuple[str, ...], records: list[dict[str, Any]]) -> list[str]:
    seen = {annotation["category_id"] for record in records for annotation in record["annotations"]}
    absent = [name for index, name in enumerate(classes) if index and index not in seen]
    return [f"No image shows {', '.join(absent)}."] if absent else []
