"""Outlines and boxes in text files of YOLO, Pascal VOC and LabelMe."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import IGNORE, inspect, read_dataset
from autosimulate_addon.protocol import InputError
from tests.core.datasets.folders import CLASSES, HEIGHT, WIDTH, fails, photograph, read, scene_labels

CUBE, SPHERE = (4, 5, 14, 15), (20, 12, 36, 25)
BOXES = [[1, *CUBE], [2, *SPHERE]]


def outline(x0, y0, x1, y1) -> list[tuple[float, float]]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def pictures(folder: Path, names=("a.png", "b.png")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.fromarray(photograph(scene_labels())).save(folder / name)


def check(folder: Path, count: int = 2) -> None:
    data = read(folder)
    assert len(data) == count and data.notes == ()
    for labels, boxes in zip(data.labels, data.boxes, strict=True):
        assert np.array_equal(labels, scene_labels())
        assert np.allclose(boxes, BOXES, atol=1e-4)


def check_boxes(folder: Path) -> None:
    fails(folder, "boxes only")
    data = read_dataset(folder, CLASSES, None, WIDTH, HEIGHT, need_masks=False)
    assert all(np.allclose(boxes, BOXES, atol=1e-4) for boxes in data.boxes)
    turned = read_dataset(folder, CLASSES, None, 30, 30, need_masks=False)         # five columns are cut on each side
    assert np.allclose(turned.boxes[0], [[1, 0, 5, 9, 15], [2, 15, 12, 30, 25]])


# ---- YOLO

def yolo_line(index: int, corners, kind: str) -> str:
    x0, y0, x1, y1 = (value / size for value, size in zip(corners, (WIDTH, HEIGHT) * 2, strict=True))
    values = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0] if kind == "boxes" else \
        [value for point in outline(x0, y0, x1, y1) for value in point]
    return f"{index} {' '.join(map(str, values))}\n"


def yolo(folder: Path, kind: str, images: str = "images", labels: str = "labels", names: str = "data.yaml") -> None:
    pictures(folder / images)
    (folder / labels).mkdir(parents=True, exist_ok=True)
    for stem in "ab":
        (folder / labels / f"{stem}.txt").write_text(yolo_line(0, CUBE, kind) + yolo_line(1, SPHERE, kind))
    text = "train: ../train/images\nnc: 2\nnames: ['cube', 'Sphere']\n" if names.endswith("yaml") else "cube\nsphere\n"
    (folder / names).write_text(text, encoding="utf-8-sig")


@pytest.mark.parametrize(("images", "labels", "names"), [
    ("images", "labels", "data.yaml"), ("images", "labels", "classes.txt"), ("images", "labels", "labels/classes.txt"),
    ("images/val", "labels/val", "coco8.yaml"), ("", "", "classes.txt")])
def test_yolo_outlines(tmp_path, images, labels, names):
    yolo(tmp_path, "outlines", images, labels, names)
    check(tmp_path)


def test_yolo_boxes(tmp_path):
    yolo(tmp_path, "boxes")
    check_boxes(tmp_path)


def test_yolo_subsets(tmp_path):
    yolo(tmp_path, "outlines", "images/val", "labels/val")
    yolo(tmp_path, "outlines", "images/train", "labels/train")
    fails(tmp_path, "images/train, images/val")
    check(tmp_path / "images" / "val")


def test_yolo_names_by_index_and_ids_by_the_user(tmp_path):
    yolo(tmp_path, "outlines")
    (tmp_path / "data.yaml").write_text("names:\n  0: cube\n  1: sphere\n")
    check(tmp_path)
    (tmp_path / "data.yaml").unlink()
    fails(tmp_path, "the classes cube, sphere", "class 0, class 1")
    assert np.array_equal(read(tmp_path, ids={"cube": 0, "sphere": 1}).labels[0], scene_labels())


def test_yolo_images_without_text_and_text_without_image_are_said(tmp_path):
    yolo(tmp_path, "outlines")
    (tmp_path / "labels" / "b.txt").rename(tmp_path / "labels" / "c.txt")
    data = read(tmp_path)
    assert not data.labels[1].any() and data.names == ("a.png", "b.png")
    assert any("b.png" in note for note in data.notes) and any("c.txt" in note for note in data.notes)


def test_yolo_twins_are_refused_and_mixed_lines_are_said(tmp_path):
    yolo(tmp_path, "outlines")
    with open(tmp_path / "labels" / "a.txt", "a") as lines:
        lines.write(yolo_line(0, SPHERE, "boxes") + "0 0.5 0.5\n")
    data = read(tmp_path)
    assert np.array_equal(data.labels[0], scene_labels())
    assert [note.split(" and ")[0].split(" (")[0] for note in data.notes] == [
        "1 object has a box but no outline", "1 outline has fewer than three points or no area"]
    pictures(tmp_path / "images", ("a.jpg",))
    fails(tmp_path, "could be either's", "a.jpg, a.png")


@pytest.mark.parametrize(("line", "word"), [("7 .5 .5 .1 .1", "class 7"), ("0 20 20 5 5", "between 0 and 1"),
                                            ("0 .5 .5 .1", "neither"), ("cube .5 .5 .1 .1", "not numbers"),
                                            ("0 nan .5 .1 .1", "between 0 and 1"), ("-1 .5 .5 .1 .1", "class -1")])
def test_yolo_lines_that_cannot_be(tmp_path, line, word):
    yolo(tmp_path, "outlines")
    (tmp_path / "labels" / "a.txt").write_text(line)
    fails(tmp_path, "a.txt: line 1", word)


@pytest.mark.parametrize("text", ["names: [", "names: 5", "names: {0: a, x: b}",
                                  "names: !!python/object/apply:os.system ['touch x']"])
def test_yolo_names_that_cannot_be(tmp_path, text):
    yolo(tmp_path, "outlines")
    (tmp_path / "data.yaml").write_text(text)
    fails(tmp_path, "data.yaml", "cannot be")


def test_yolo_names_that_grow_without_end_are_refused(tmp_path):
    yolo(tmp_path, "outlines")
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))]
    (tmp_path / "data.yaml").write_text("\n".join([*lines, "names: [*a29, *a29]"]))
    fails(tmp_path, "cannot be used")


def test_yolo_without_any_object_is_an_error(tmp_path):
    yolo(tmp_path, "outlines")
    for path in (tmp_path / "labels").iterdir():
        path.write_text("")
    fails(tmp_path, "no pixel", "no object is annotated")


# ---- Pascal VOC

def voc_xml(stem: str, polygons: bool = False, size=(WIDTH, HEIGHT), name: str = "") -> str:
    objects = ""
    for label, corners in (("cube", CUBE), ("Sphere", SPHERE)):
        x0, y0, x1, y1 = corners                            # pixels count from 1, and the last ones belong to the box
        box = f"<xmin>{x0 + 1}</xmin><ymin>{y0 + 1}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
        points = "".join(f"<x{i}>{x}</x{i}><y{i}>{y}</y{i}>" for i, (x, y) in enumerate(outline(*corners), 1))
        objects += f"<object><name>{label}</name><bndbox>{box}</bndbox>" + \
            (f"<polygon>{points}</polygon>" if polygons else "") + "</object>"
    return (f"<annotation><filename>{name or stem + '.png'}</filename><size><width>{size[0]}</width>"
            f"<height>{size[1]}</height><depth>3</depth></size>{objects}</annotation>")


def voc(folder: Path, images: str = "JPEGImages", annotations: str = "Annotations", **options) -> None:
    pictures(folder / images)
    (folder / annotations).mkdir(parents=True, exist_ok=True)
    for stem in "ab":
        (folder / annotations / f"{stem}.xml").write_text(voc_xml(stem, **options), encoding="utf-8-sig")


@pytest.mark.parametrize(("images", "annotations"), [("JPEGImages", "Annotations"), ("", ""),
                                                     ("images", "Annotations")])
@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (0, 0)])
def test_voc(tmp_path, images, annotations, size):
    voc(tmp_path / "boxes", images, annotations, size=size)
    check_boxes(tmp_path / "boxes")
    voc(tmp_path / "outlines", images, annotations, size=size, polygons=True)
    check(tmp_path / "outlines")


def test_voc_with_masks_for_some_images(tmp_path):
    voc(tmp_path)
    (tmp_path / "SegmentationClass").mkdir()
    Image.fromarray(scene_labels()).save(tmp_path / "SegmentationClass" / "b.png")
    data = read(tmp_path)
    assert data.names == ("b.png",) and np.array_equal(data.labels[0], scene_labels())
    assert any("1 of 2 images have no mask" in note for note in data.notes)
    (tmp_path / "classes.txt").write_text("cube\nSphere\n")
    assert np.allclose(read(tmp_path).boxes[0], BOXES)
    xml = tmp_path / "Annotations" / "b.xml"
    box = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
    more = f"<object><name>__ignore__</name><bndbox>{box}</bndbox></object></annotation>"
    xml.write_text(xml.read_text(encoding="utf-8-sig").replace("</annotation>", more))
    assert np.allclose(read(tmp_path).boxes[0], BOXES)


def test_voc_challenge_classes(tmp_path):
    pictures(tmp_path / "JPEGImages", ("a.png",))
    for place in ("Annotations", "SegmentationClass"):
        (tmp_path / place).mkdir()
    text = voc_xml("a").replace("cube", "cat").replace("Sphere", "person")
    (tmp_path / "Annotations" / "a.xml").write_text(text)
    Image.fromarray(np.array([0, 8, 15], np.uint8)[scene_labels()]).save(tmp_path / "SegmentationClass" / "a.png")
    data = read(tmp_path, classes=("background", "cat", "person"))
    assert np.array_equal(data.labels[0], scene_labels()) and np.allclose(data.boxes[0], BOXES)


@pytest.mark.parametrize(("text", "word"), [
    ('<!DOCTYPE a [<!ENTITY b "c">]><annotation><filename>&b;</filename></annotation>', "DOCTYPE"),
    ('<!DOCTYPE a SYSTEM "file:///etc/hostname"><annotation/>', "DOCTYPE"), ("<annotation>", "no XML"),
    ("<html/>", "<html>"), (voc_xml("b"), "listed twice"), (voc_xml("a", name="../../a.png"), "outside the folder"),
    (voc_xml("a", size=(99, 9)), "99 x 9"), (voc_xml("a").replace(">14<", ">x<"), "no numbers"),
    (voc_xml("a").replace(">14<", ">nan<"), "no numbers"), ("<annotation><object/></annotation>", "no name")])
def test_voc_files_that_cannot_be(tmp_path, text, word):
    voc(tmp_path, polygons=True)
    (tmp_path / "Annotations" / "a.xml").write_text(text)
    fails(tmp_path, word)


def test_voc_file_names_that_were_changed(tmp_path):
    voc(tmp_path, polygons=True)
    (tmp_path / "Annotations" / "a.xml").write_text(voc_xml("a", True, name="old name.jpg"))
    check(tmp_path)
    pictures(tmp_path / "JPEGImages", ("a.jpg",))
    fails(tmp_path, "a.jpg or a.png")


# ---- LabelMe

def labelme_shapes(kind: str = "polygon") -> list[dict]:
    points = outline if kind == "polygon" else lambda x0, y0, x1, y1: [(x1, y1), (x0, y0)]
    return [{"label": label, "shape_type": kind, "points": points(*corners)}
            for label, corners in (("cube", CUBE), ("sphere", SPHERE))]


def labelme(folder: Path, shapes: list[dict], images: str = "", jsons: str = "", path: str = "", **more) -> None:
    pictures(folder / images)
    (folder / jsons).mkdir(parents=True, exist_ok=True)
    for stem in "ab":
        (folder / jsons / f"{stem}.json").write_text(json.dumps({
            "version": "5.4.1", "shapes": shapes, "imagePath": f"{path}{stem}.png", "imageData": None,
            "imageWidth": WIDTH, "imageHeight": HEIGHT, **more}), encoding="utf-8-sig")


@pytest.mark.parametrize("kind", ["polygon", "rectangle"])
@pytest.mark.parametrize(("images", "jsons", "path"), [("", "", ""), ("images", "annotations", "..\\images\\"),
                                                       ("images", "labels", ""), ("images", "images", "")])
def test_labelme(tmp_path, kind, images, jsons, path):
    labelme(tmp_path, labelme_shapes(kind), images, jsons, path)
    check(tmp_path)


def test_labelme_circles_lines_and_pixels_that_do_not_count(tmp_path):
    shapes = [{"label": "cube", "shape_type": "circle", "points": [[20, 15], [20, 5]]},
              {"label": "sphere", "shape_type": "line", "points": [[0, 0], [9, 9]]},
              {"label": "sphere", "shape_type": "point", "points": [[0, 0]]},
              {"label": "__ignore__", "shape_type": "rectangle", "points": [[0, 0], [4, 4]]},
              {"label": "sphere", "shape_type": None, "points": outline(30, 0, 40, 10)}]
    labelme(tmp_path, shapes)
    data = read(tmp_path)
    assert abs((data.labels[0] == 1).sum() - np.pi * 100) < 12
    assert (data.labels[0][:4, :4] == IGNORE).all() and (data.labels[0][:10, 30:] == 2).all()
    assert any("4 shapes enclose nothing" in note for note in data.notes)


def encoded(mask: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize("stored", [lambda mask: mask, lambda mask: mask.astype(np.uint8) * 255])
def test_labelme_masks_fill_the_box_of_their_points(tmp_path, stored):
    mask = np.zeros((6, 4), bool)
    mask[1:, 2:] = True
    entry = {"label": "cube", "shape_type": "mask", "mask": encoded(stored(mask))}
    labelme(tmp_path, [{**entry, "points": [[10, 20], [13, 25]]}, {**entry, "points": [[38.0, -3.0], [41.0, 2.0]]}])
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[21:26, 12:14] = True
    labels = read(tmp_path, classes=CLASSES[:2]).labels[0]
    assert ((labels == 1) == expected).all()        # of the second nothing is in the picture
    assert inspect(tmp_path, CLASSES[:2]).pixels["cube"] == 2 * expected.sum()


@pytest.mark.parametrize(("change", "word"), [
    ({"mask": "no picture"}, "is no picture"), ({"mask": None}, "is no picture"), ({"mask": 5}, "is no picture"),
    ({"points": [[0, 0], [9, 9]]}, "another size than its box"), ({"points": [[0, 0]]}, "1 points instead of two")])
def test_labelme_masks_that_cannot_be(tmp_path, change, word):
    labelme(tmp_path, labelme_shapes())
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8-sig"))
    entry = {"label": "cube", "shape_type": "mask", "points": [[10, 20], [13, 25]],
             "mask": encoded(np.ones((6, 4), bool)), **change}
    (tmp_path / "a.json").write_text(json.dumps({**data, "shapes": [entry]}))
    fails(tmp_path, word)


def test_labelme_later_shapes_lie_on_earlier_ones(tmp_path):
    labelme(tmp_path, [{"label": "cube", "points": outline(10, 10, 20, 20)},
                       {"label": "sphere", "points": outline(0, 0, 40, 30)},
                       {"label": "_background_", "points": outline(0, 0, 5, 5)}])
    labels = read(tmp_path).labels[0]
    assert labels[15, 15] == 2 and not labels[:5, :5].any()


def test_a_labelme_file_that_was_cut_short_is_named(tmp_path):
    labelme(tmp_path, labelme_shapes())
    written = (tmp_path / "b.json").read_text()
    (tmp_path / "b.json").write_text(written[:len(written) // 2])
    fails(tmp_path, "b.json", "cut short")
    (tmp_path / "a.json").write_text("[" * 100_000)
    fails(tmp_path, "'a.json' is no JSON")


@pytest.mark.parametrize(("change", "word"), [
    ({"imagePath": "../../a.png"}, "outside the folder"), ({"imagePath": "C:\\x\\a.png"}, "outside the folder"),
    ({"imagePath": "b.png"}, "listed twice"),
    ({"shapes": [{"label": "cube", "points": [[1, "x"]]}]}, "pairs of x and y"),
    ({"shapes": [{"points": []}]}, "no label"), ({"imageWidth": 99}, "99 x 30"), ({"imagePath": 5}, "no text")])
def test_labelme_files_that_cannot_be(tmp_path, change, word):
    labelme(tmp_path, labelme_shapes())
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8-sig"))
    (tmp_path / "a.json").write_text(json.dumps({**data, **change}))
    fails(tmp_path, word)


def test_real_photographs_with_yolo_boxes(shared_data):
    folder = shared_data / "cube_sphere_cylinder" / "valid"
    classes = ("background", "cubes", "spheres")
    data = read_dataset(folder, classes, None, 64, 48, need_masks=False)
    lines = sum(len(path.read_text().splitlines()) for path in (folder / "labels").iterdir())
    everything = read_dataset(folder, ("background", "blue cube", "cubes", "cylinders", "green cube", "green cylinder",
                                       "red cube", "spheres"), None, 640, 480, need_masks=False)
    assert len(data) == 31 and sum(map(len, everything.boxes)) == lines
    with pytest.raises(InputError, match="boxes only"):
        read_dataset(folder, classes, None, 64, 48)
    assert "train, valid" in inspect(folder.parent).problems[0]
