"""Masks keep their indices; COCO annotations describe exactly the pixels of each instance."""

import numpy as np
from PIL import Image
from pycocotools import mask as rle

from autosimulate_addon.run.images import boxes, coco, pictures


def test_palette_masks_come_back_as_indices(tmp_path):
    labels = np.array([[0, 1, 2], [255, 7, 3]], dtype=np.uint8)
    pictures.write_mask(tmp_path / "m.png", labels)
    with Image.open(tmp_path / "m.png") as mask:
        assert mask.mode == "P"
        assert np.array_equal(np.asarray(mask), labels)


def test_sixteen_bit_instances_come_back(tmp_path):
    instances = np.array([[0, 300], [65535, 1]], dtype=np.uint16)
    pictures.write_image(tmp_path / "i.png", instances)
    with Image.open(tmp_path / "i.png") as image:
        assert np.array_equal(np.asarray(image).astype(np.uint16), instances)


def test_class_colours_are_distinct():
    colours = pictures.class_colours()
    assert len({tuple(colour) for colour in colours[:40].tolist()}) == 40


def test_overlay_leaves_background_alone():
    image = np.full((2, 2, 3), 100, dtype=np.uint8)
    mixed = pictures.overlay(image, np.array([[0, 1], [0, 0]]))
    assert (mixed[0, 0] == 100).all() and (mixed[0, 1] != 100).any()


def test_sheets_hold_every_cell():
    images = [np.full((6, 8, 3), value, dtype=np.uint8) for value in (10, 100, 200)]
    sheet = pictures.sample_sheet(images, [np.zeros((6, 8), dtype=np.uint8)] * 3)
    assert {10, 100, 200} <= set(np.unique(sheet))


def test_sheets_have_few_empty_cells():
    cell = np.full((24, 96, 3), 200, dtype=np.uint8)            # wide enough not to be enlarged
    for count, columns in ((12, 6), (8, 4), (9, 5), (3, 3)):
        sheet = pictures.sample_sheet([cell] * count, [np.zeros((24, 96), dtype=np.uint8)] * count)
        assert sheet.shape[1] // 96 == columns


def test_coco_instances_are_exact():
    labels = np.zeros((5, 6), dtype=np.uint8)
    instances = np.zeros((5, 6), dtype=np.uint16)
    labels[1:3, 2:5], instances[1:3, 2:5] = 2, 9
    labels[4, 0], instances[4, 0] = 1, 4
    instances[0, 0] = 5                         # an unlabelled object is nobody's annotation
    found = coco.annotations_of(labels, instances)
    boxes = {(a["category_id"], a["area"], tuple(a["bbox"])) for a in found}
    assert boxes == {(2, 6, (2, 1, 3, 2)), (1, 1, (0, 4, 1, 1))}
    for annotation in found:
        assert np.array_equal(rle.decode(annotation["segmentation"]).astype(bool), instances == annotation["instance"])
    assert coco.annotations_of(np.zeros_like(labels), instances) == []
    rng = np.random.default_rng(0)
    labels = rng.choice([0, 1, 2, 255], (5, 7)).astype(np.uint8)
    instances = rng.integers(0, 4, (5, 7)).astype(np.uint16)
    for each in coco.annotations_of(labels, instances):
        region = (instances == each["instance"]) & (labels == each["category_id"])
        assert each["segmentation"] == coco._encoded(region) and each["area"] == region.sum()
        rows, columns = np.nonzero(region)
        assert each["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    whole = coco.dataset(("background", "a", "b"), [{"file_name": "x.png"}, {"file_name": "y.png"}], [found, found])
    assert [a["id"] for a in whole["annotations"]] == [1, 2, 3, 4]
    assert [a["image_id"] for a in whole["annotations"]] == [1, 1, 2, 2]
    assert [c["name"] for c in whole["categories"]] == ["a", "b"]


def test_boxes_that_are_certain_for_their_detector_are_drawn():
    """A network's scores reach 1; a convex head's best is .08, and what is far below it is noise."""
    def rows(*scores):
        return np.array([[1, 0.1, 0.1, 0.5, 0.5, score] for score in scores]).reshape(-1, 6)

    assert [len(own) for own in boxes.worth_drawing([rows(0.9, 0.4, 0.2), rows(0.25), rows()])] == [2, 0, 0]
    assert [len(own) for own in boxes.worth_drawing([rows(0.08, 0.05, 0.01), rows(0.03)])] == [2, 0]
    assert [len(own) for own in boxes.worth_drawing([rows(0.08, 0.02, 0.01), rows(0.03)], 3)] == [2, 1]
    assert [len(own) for own in boxes.worth_drawing([rows(0.9, 0.4, 0.2), rows(0.25)], 1)] == [2, 0]
    assert [len(own) for own in boxes.worth_drawing([rows(), rows()], 2)] == [0, 0]
    assert boxes.worth_drawing([]) == []
