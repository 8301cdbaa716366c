"""BOP folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.core.datasets.folders import fails, photograph, read, scene_labels


def bop(folder: Path, one_mask: bool) -> None:
    (folder / "rgb").mkdir(parents=True)
    (folder / ("masks" if one_mask else "mask_visib")).mkdir()
    truth = {}
    for number in (3, 12):
        labels = scene_labels(number % 5)
        Image.fromarray(photograph(labels)).save(folder / "rgb" / f"{number:06d}.jpg", quality=95)
        truth[str(number)] = [{"obj_id": 5}, {"obj_id": 2}]
        if one_mask:
            Image.fromarray(np.array([0, 32, 80], np.uint8)[labels]).save(folder / "masks" / f"{number:06d}.png")
        else:
            for position, label in enumerate((2, 1)):
                Image.fromarray((labels == label).astype(np.uint8) * 255).save(
                    folder / "mask_visib" / f"{number:06d}_{position:06d}.png")
    (folder / "scene_gt.json").write_text(json.dumps(truth))


@pytest.mark.parametrize("one_mask", [True, False])
@pytest.mark.parametrize("ids", [{"cube": 2, "sphere": 5}, {"cube": 32, "sphere": 80}])
def test_bop_with_object_ids_or_pixel_values(tmp_path, one_mask, ids):
    bop(tmp_path, one_mask)
    data = read(tmp_path, ids=ids)
    assert data.names == ("000003.jpg", "000012.jpg")
    assert np.array_equal(data.labels[0], scene_labels(3))
    assert np.array_equal(data.labels[1], scene_labels(2))


def test_bop_split_of_several_scenes(tmp_path):
    for scene in ("000001", "000002"):
        bop(tmp_path / scene, False)
    data = read(tmp_path, ids={"cube": 2, "sphere": 5})
    assert data.names == ("000001/000003.jpg", "000001/000012.jpg", "000002/000003.jpg", "000002/000012.jpg")


def test_bop_faults(tmp_path):
    bop(tmp_path, False)
    (tmp_path / "mask_visib" / "000003_000001.png").unlink()
    Image.fromarray(photograph(scene_labels())).save(tmp_path / "rgb" / "000099.png")
    fails(tmp_path, "1 image has no mask (000003.jpg)", "000099.png: it is not in scene_gt.json",
          ids={"cube": 2, "sphere": 5})
    (tmp_path / "scene_gt.json").write_text('{"3": [{"obj_id": "x"}]}')
    fails(tmp_path, "scene_gt.json", ids={"cube": 2, "sphere": 5})


@pytest.mark.parametrize("one_mask", [True, False])
def test_boxes_are_those_of_what_is_visible(tmp_path, one_mask):
    bop(tmp_path, one_mask)
    assert read(tmp_path, ids={"cube": 2, "sphere": 5}).boxes is None
    info = [{"bbox_visib": [1, 2, 3, 4]}, {"bbox_visib": [-1, -1, -1, -1]}]
    (tmp_path / "scene_gt_info.json").write_text(json.dumps({"3": info, "12": info}))
    data = read(tmp_path, ids={"cube": 2, "sphere": 5})
    assert [boxes.tolist() for boxes in data.boxes] == 2 * [[[2, 1, 2, 4, 6]]]
