"""Identity and layouts of COCO files: what must be understood or told, never guessed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import read_dataset
from tests.core.datasets.folders import CLASSES, HEIGHT, WIDTH, fails, photograph, read, scene_labels

CUBE = [[4, 5, 14, 5, 14, 15, 4, 15]]
SPHERE = [[20, 12, 36, 12, 36, 25, 20, 25]]


def file(names=("a.png", "b.png"), **changes) -> dict:
    """A COCO file in which every image shows scene_labels()."""
    images = [{"id": i, "file_name": name, "width": WIDTH, "height": HEIGHT} for i, name in enumerate(names)]
    annotations = [{"id": 2 * i + k, "image_id": i, "category_id": k + 1, "segmentation": outline}
                   for i in range(len(names)) for k, outline in enumerate((CUBE, SPHERE))]
    return {"images": images, "annotations": annotations,
            "categories": [{"id": 1, "name": "cube"}, {"id": 2, "name": "sphere"}], **changes}


def save(folder: Path, data: dict, path: str = "annotations.json", encoding: str = "utf-8",
         images=("a.png", "b.png")) -> None:
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph(scene_labels())).save(folder / name)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(json.dumps(data), encoding=encoding)


def check(folder: Path, count: int = 2) -> None:
    data = read(folder)
    assert len(data) == count and data.notes == ()
    for labels, boxes in zip(data.labels, data.boxes, strict=True):
        assert np.array_equal(labels, scene_labels())
        assert boxes.tolist() == [[1, 4, 5, 14, 15], [2, 20, 12, 36, 25]]


@pytest.mark.parametrize("other", [0, "0", 0.0])
def test_equal_image_ids_are_refused(tmp_path, other):
    data = file()
    data["images"][1]["id"] = other
    save(tmp_path, data)
    fails(tmp_path, "id", "b.png: 0, as a.png")


@pytest.mark.parametrize("again", ["a.png", "./a.png", "A.png"])
def test_one_file_listed_twice_is_refused(tmp_path, again):
    data = file()
    data["images"][1]["file_name"] = again
    save(tmp_path, data, images=("a.png",))
    fails(tmp_path, "1 image is listed twice", again)


@pytest.mark.parametrize("kind", [str, float])
def test_ids_in_another_spelling_are_the_same_ids(tmp_path, kind):
    data = file()
    for entry in data["annotations"]:
        entry["image_id"] = kind(entry["image_id"])
        entry["category_id"] = kind(entry["category_id"])
    save(tmp_path, data)
    check(tmp_path)


@pytest.mark.parametrize("root", ["cube", "shapes", "sphere"])
@pytest.mark.parametrize("group", ["none", "", None])
def test_roboflows_root_category_is_no_class(tmp_path, root, group):
    categories = [{"id": 0, "name": root, "supercategory": group},
                  {"id": 1, "name": "cube", "supercategory": root}, {"id": 2, "name": "sphere", "supercategory": root}]
    save(tmp_path, file(categories=categories), "_annotations.coco.json")
    check(tmp_path)


def test_a_class_may_be_the_group_that_the_categories_belong_to(tmp_path):
    categories = [{"id": 0, "name": "cube", "supercategory": "none"},
                  {"id": 1, "name": "red cube", "supercategory": "cube"}, {"id": 2, "name": "sphere"}]
    save(tmp_path, file(categories=categories))
    data = read(tmp_path)
    assert np.array_equal(data.labels[0], scene_labels())
    assert data.notes == ("red cube is taken as 'cube', the group they belong to.",)


def test_categories_of_one_name_are_one_class_and_said(tmp_path):
    categories = [{"id": 1, "name": "cube"}, {"id": 2, "name": "Cube"}]
    save(tmp_path, file(categories=categories))
    data = read(tmp_path, classes=CLASSES[:2])
    assert np.array_equal(data.labels[0], scene_labels() > 0)
    assert "'cube' 2 times" in data.notes[0]


def test_no_annotation_is_an_error(tmp_path):
    save(tmp_path, file(annotations=[]))
    fails(tmp_path, "no pixel of its 2 images belongs to cube, sphere", "annotations is empty")


def test_boxes_alone_are_no_masks_and_are_kept_for_who_wants_boxes(tmp_path):
    data = file()
    for entry, box in zip(data["annotations"], [[4, 5, 10, 10], [20, 12, 16, 13]] * 2, strict=True):
        entry.update(segmentation=[], bbox=box)
    save(tmp_path, data)
    fails(tmp_path, "boxes only")
    kept = read_dataset(tmp_path, CLASSES, None, WIDTH // 2, HEIGHT // 2, need_masks=False)
    assert not kept.labels.any() and kept.boxes[0].tolist() == [[1, 2, 2.5, 7, 7.5], [2, 10, 6, 18, 12.5]]


def test_one_stray_point_is_left_out_and_said(tmp_path):
    data = file()
    data["annotations"][0]["segmentation"] = [*CUBE, [7, 7]]
    data["annotations"].append({"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 3, 3, 6, 6]]})
    data["annotations"].append({"image_id": 1, "category_id": 1, "segmentation": [], "bbox": [0, 0, 5, 5]})
    save(tmp_path, data)
    found = read(tmp_path)
    assert np.array_equal(found.labels, [scene_labels()] * 2)
    assert any("2 outlines have fewer than three points" in note and "a.png, b.png" in note for note in found.notes)
    assert any("1 object has a box but no outline" in note for note in found.notes)


@pytest.mark.parametrize("size", [(0, 0), (str(WIDTH), str(HEIGHT)), (None, None), (float(WIDTH), HEIGHT)])
def test_sizes_as_programs_write_them(tmp_path, size):
    data = file()
    for image in data["images"]:
        image["width"], image["height"] = size
    save(tmp_path, data)
    check(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(tmp_path, encoding):
    save(tmp_path, file(), encoding=encoding)
    check(tmp_path)


@pytest.mark.parametrize(("images", "path"), [
    ("images/default", "annotations/instances_default.json"), ("val2017", "annotations/instances_val2017.json"),
    ("images/val2017", "annotations/instances_val2017.json"), ("images", "annotations/instances_val.json"),
    ("images/Train", "annotations/instances_default.json"), ("", "_annotations.coco.json")])
def test_layouts(tmp_path, images, path):
    save(tmp_path, file(), path, images=[f"{images}/{name}" if images else name for name in ("a.png", "b.png")])
    check(tmp_path)


def test_cocos_own_layout_with_all_its_files(tmp_path):
    for subset in ("train2017", "val2017"):
        save(tmp_path, file(), f"annotations/instances_{subset}.json",
             images=[f"{subset}/a.png", f"{subset}/b.png"])
        save(tmp_path, file(), f"annotations/person_keypoints_{subset}.json", images=())
    fails(tmp_path, "several COCO files")
    check(tmp_path / "val2017")
    for image in (tmp_path / "train2017").iterdir():
        image.unlink()
    check(tmp_path)


def test_cvats_subsets(tmp_path):
    for subset in ("Train", "Validation"):
        save(tmp_path, file(), f"annotations/instances_{subset}.json",
             images=[f"images/{subset}/a.png", f"images/{subset}/b.png"])
    fails(tmp_path, "several COCO files", "folder of one subset")
    check(tmp_path / "images" / "Validation")


def test_a_name_in_two_subsets_is_ambiguous(tmp_path):
    save(tmp_path, file(), "annotations/instances_default.json",
         images=["images/x/a.png", "images/y/a.png", "images/x/b.png"])
    fails(tmp_path, "a.png", "could be either")


@pytest.mark.parametrize("name", ["../a.png", "..\\a.png", "/etc/a.png", "C:\\a.png", "x/../../a.png", "\\\\host\\a"])
def test_names_never_lead_outside(tmp_path, name):
    (tmp_path / "set").mkdir()
    save(tmp_path / "set", file(names=(name,)), images=())
    Image.fromarray(photograph(scene_labels())).save(tmp_path / "a.png")
    fails(tmp_path / "set", "points outside the folder")


@pytest.mark.parametrize(("stored", "written"), [
    ("IMG.JPG.png", "img.jpg.png"), ("e\u0301.png", "\u00e9.png"), ("sub/a.png", "sub\\a.png"),
    ("\u65e5" * 19 + ".png", "\u65e5" * 19 + ".png"), ("it's [1] \"b\".png", "it's [1] \"b\".png")])
def test_names_that_differ_only_in_spelling(tmp_path, stored, written):
    save(tmp_path, file(names=(written,)), images=(stored,))
    check(tmp_path, 1)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_photographs_turned_by_exif(tmp_path, orientation):
    """Outlines on the displayed picture fit; a size of the stored one is told with the reason."""
    turns = {3: 2, 6: 1, 8: 3}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path, file(names=("a.png",)))
    stored = np.ascontiguousarray(np.rot90(photograph(scene_labels()), turns))
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    check(tmp_path, 1)
    assert np.array_equal(read(tmp_path).images[0], photograph(scene_labels()))
    if orientation != 3:
        data = file(names=("a.png",))
        data["images"][0].update(width=HEIGHT, height=WIDTH)
        save(tmp_path, data, images=())
        fails(tmp_path, "a.png", "EXIF")


def test_a_crowd_has_a_mask_and_no_box_and_images_without_annotation_are_background(tmp_path):
    runs = {"size": [HEIGHT, WIDTH], "counts": [0, HEIGHT * 2, HEIGHT * (WIDTH - 2)]}
    save(tmp_path, file(annotations=[{"image_id": 0, "category_id": 2, "iscrowd": 1, "segmentation": runs},
                                     {"image_id": 0, "category_id": 1, "segmentation": CUBE}]))
    data = read(tmp_path)
    assert (data.labels[0][:, :2] == 2).all() and not data.labels[1].any()
    assert data.boxes[0].tolist() == [[1, 4, 5, 14, 15]] and data.boxes[1].shape == (0, 5)
