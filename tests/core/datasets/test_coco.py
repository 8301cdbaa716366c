"""COCO files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.core.datasets.folders import HEIGHT, WIDTH, fails, read, scene_labels, write


def coco(folder: Path, **changes) -> dict:
    write(folder)
    for mask in (folder / "masks").iterdir():
        mask.unlink()
    (folder / "masks").rmdir()
    sphere = (scene_labels() == 2).astype(int).T.ravel()
    edges = np.flatnonzero(np.diff(sphere)) + 1
    data = {
        "images": [{"id": 10 + i, "file_name": f"{name}.png", "width": WIDTH, "height": HEIGHT}
                   for i, name in enumerate("abc")],
        "categories": [{"id": 90, "name": "Sphere"}, {"id": 3, "name": "cube"}, {"id": 4, "name": "tree"}],
        "annotations": [
            {"id": 1, "image_id": 10, "category_id": 3, "segmentation": [[4, 5, 14, 5, 14, 15, 4, 15]]},
            {"id": 2, "image_id": 10, "category_id": 90,
             "segmentation": {"size": [HEIGHT, WIDTH], "counts": np.diff([0, *edges, sphere.size]).tolist()}},
            {"id": 3, "image_id": 11, "category_id": 4, "segmentation": [[0, 0, 40, 0, 40, 30, 0, 30]]},
        ]}
    data.update(changes)
    (folder / "annotations.json").write_text(json.dumps(data))
    return data


def test_coco_polygons_and_run_lengths(tmp_path):
    coco(tmp_path)
    data = read(tmp_path)
    assert data.names == ("a.png", "b.png", "c.png")
    assert np.array_equal(data.labels[0], scene_labels())
    assert not data.labels[1:].any()
    assert any("tree" in note for note in data.notes)


def test_coco_compressed_run_lengths_and_ids_by_category(tmp_path):
    from pycocotools import mask as rle
    rng = np.random.default_rng(0)
    noise = rng.random((HEIGHT, WIDTH)) < 0.3
    packed = rle.encode(np.asfortranarray(noise.astype(np.uint8)))
    coco(tmp_path, annotations=[{"image_id": 10, "category_id": 4, "segmentation": {
        "size": [HEIGHT, WIDTH], "counts": packed["counts"].decode()}}])
    data = read(tmp_path, ids={"cube": 4, "sphere": 3})
    assert np.array_equal(data.labels[0], noise.astype(np.uint8))


def test_coco_small_things_stay_in_front_of_large_ones(tmp_path):
    boxes = {3: [[10, 10, 20, 10, 20, 20, 10, 20]], 90: [[0, 0, 40, 0, 40, 30, 0, 30]]}
    coco(tmp_path, annotations=[{"image_id": 10, "category_id": key, "segmentation": boxes[key]} for key in (3, 90)])
    labels = read(tmp_path).labels[0]
    assert (labels[10:20, 10:20] == 1).all() and labels[0, 0] == 2


@pytest.mark.parametrize("segmentation", [
    None, [], [[1, 2]], [["a"] * 6], [[float("nan")] * 6], [[1e30] * 6],
    {"size": [HEIGHT, WIDTH], "counts": [5, 10**9]},
    {"size": [HEIGHT, WIDTH], "counts": "oooooooo"}, {"size": [HEIGHT, WIDTH], "counts": "\x00\x7f"}, "x",
    {"size": [HEIGHT, WIDTH], "counts": [-5, 1205]}, {"counts": [1200]}])
def test_coco_annotations_that_cannot_be_used(tmp_path, segmentation):
    coco(tmp_path, annotations=[{"image_id": 10, "category_id": 3, "segmentation": segmentation}])
    fails(tmp_path, "a.png")


def test_coco_faults_are_counted_together(tmp_path):
    data = coco(tmp_path)
    data["images"] += [{"id": 20, "file_name": "../../secret.png"}, {"id": 21, "file_name": "/etc/hostname"},
                       {"id": 22, "file_name": "gone.png"}, {"id": 23}, "x"]
    data["images"][2]["width"] = 99
    data["annotations"] += [{"image_id": 10, "category_id": 77}, {"image_id": 555, "category_id": 3}, 5]
    (tmp_path / "annotations.json").write_text(json.dumps(data))
    fails(tmp_path, "2 annotated file names point outside the folder", "1 annotated image is not there (gone.png)",
          "c.png: 99 x 30 in the annotations, image 40 x 30", "annotations cannot be used")


def test_coco_files_that_contradict(tmp_path):
    coco(tmp_path)
    (tmp_path / "other.json").write_text((tmp_path / "annotations.json").read_text())
    fails(tmp_path, "several COCO files", "other.json")
