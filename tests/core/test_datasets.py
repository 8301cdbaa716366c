"""Folders in every supported format, and everything people get wrong with them."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import IGNORE, Dataset, inspect, read_dataset
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


# ---- index masks

def test_index_masks_come_back_pixel_by_pixel_in_the_order_of_names(tmp_path):
    write(tmp_path)
    data = read(tmp_path)
    assert data.names == ("a.png", "b.png", "c.png")
    assert data.images.dtype == data.labels.dtype == np.uint8
    for position, shift in enumerate((1, 0, 2)):
        assert np.array_equal(data.labels[position], scene_labels(shift))
        assert np.array_equal(data.images[position], photograph(scene_labels(shift)))
    assert data.notes == ()


@pytest.mark.parametrize(("images", "masks"), [("rgb", "masks"), ("images", "labels"),
                                               ("JPEGImages", "SegmentationClass")])
def test_other_folder_names(tmp_path, images, masks):
    write(tmp_path, images=images, masks=masks)
    assert len(read(tmp_path)) == 3


def test_masks_beside_their_images(tmp_path):
    for shift in range(2):
        Image.fromarray(photograph(scene_labels(shift))).save(tmp_path / f"{shift}.jpg")
        Image.fromarray(scene_labels(shift)).save(tmp_path / f"{shift}_mask.png")
    data = read(tmp_path)
    assert data.names == ("0.jpg", "1.jpg")
    assert np.array_equal(data.labels[1], scene_labels(1))


def test_ids_given_by_the_user_and_ignored_pixels(tmp_path):
    write(tmp_path, ids=(0, 16, 80))
    labels = scene_labels()
    values = np.array([0, 16, 80], np.uint8)[labels]
    values[:, :3] = 255
    Image.fromarray(values).save(tmp_path / "masks" / "b.png")
    data = read(tmp_path, ids={"cube": 80, "sphere": 16})
    assert np.array_equal(data.labels[1][:, 3:], np.array([0, 2, 1])[labels][:, 3:])
    assert (data.labels[1][:, :3] == IGNORE).all()


def test_palette_masks_give_positions_not_colours(tmp_path):
    write(tmp_path)
    palette = Image.fromarray(scene_labels(), mode="P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    palette.save(tmp_path / "masks" / "b.png", bits=2)
    assert np.array_equal(read(tmp_path).labels[1], scene_labels())


def write_grey_png(path: Path, values: np.ndarray, bits: int) -> None:
    """Grey of fewer than 8 bits, which Pillow cannot write (PNG specification)."""
    per_byte = 8 // bits
    rows = b"".join(b"\0" + bytes(sum(int(v) << (8 - bits * (i + 1)) for i, v in enumerate(row[at:at + per_byte]))
                                  for at in range(0, len(row), per_byte)) for row in values)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
                     + chunk(b"IEND", b""))


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_masks_of_few_bits_are_not_stretched(tmp_path, bits):
    write(tmp_path)
    write_grey_png(tmp_path / "masks" / "b.png", scene_labels(), bits)
    assert np.array_equal(read(tmp_path).labels[1], scene_labels())


def test_grey_saved_as_colour_is_taken_and_colour_is_not(tmp_path):
    write(tmp_path)
    Image.fromarray(np.repeat(scene_labels()[..., None], 3, axis=2)).save(tmp_path / "masks" / "b.png")
    assert np.array_equal(read(tmp_path).labels[1], scene_labels())
    Image.fromarray(photograph(scene_labels())).save(tmp_path / "masks" / "c.png")
    fails(tmp_path, "1 mask is not a class-index image", "c.png", "colour")


@pytest.mark.parametrize(("name", "text"), [
    ("classes.json", '{"Cube": 7, "sphere": 9}'), ("classes.json", '{"0": "background", "7": "cube", "9": "sphere"}'),
    ("classes.json", '[{"id": 7, "name": "cube"}, {"id": 9, "name": "sphere"}]'),
    ("classes.toml", "[classes]\ncube = 7\nsphere = 9\n"), ("classes.txt", "# table\n7 cube\n9: sphere\n")])
def test_class_tables(tmp_path, name, text):
    write(tmp_path, ids=(0, 7, 9))
    (tmp_path / name).write_text(text)
    assert np.array_equal(read(tmp_path).labels[1], scene_labels())


def test_a_list_of_names_counts_from_one_unless_it_names_the_background(tmp_path):
    write(tmp_path)
    (tmp_path / "classes.txt").write_text("sphere\ncube\n")
    assert np.array_equal(read(tmp_path).labels[1], np.array([0, 2, 1])[scene_labels()])
    (tmp_path / "classes.txt").write_text("background\ncube\nsphere\n")
    assert np.array_equal(read(tmp_path).labels[1], scene_labels())


def test_what_the_scene_does_not_have_is_background_and_said(tmp_path):
    write(tmp_path)
    (tmp_path / "classes.json").write_text('{"cube": 1, "tree": 2}')
    data = read(tmp_path, classes=("background", "cube"))
    assert data.labels.max() == 1
    assert any("tree" in note and "background" in note for note in data.notes)
    fails(tmp_path, "sphere", "cube, tree")


# ---- sizes

def test_resampling_keeps_aspect_by_cutting_and_says_so(tmp_path):
    write(tmp_path)
    square = read(tmp_path, size=(15, 15))
    assert "3 images" in square.notes[0] and "40 x 30 to 30 x 30" in square.notes[0]
    assert np.array_equal(square.labels[1], scene_labels()[1::2, 5:35][:, 1::2])
    half = read(tmp_path, size=(20, 15))
    assert half.notes == ()
    means = photograph(scene_labels()).reshape(15, 2, 20, 2, 3).mean((1, 3))
    assert np.abs(half.images[1][1:-1, 1:-1] - means[1:-1, 1:-1]).mean() < 12


def test_shrinking_averages_areas(tmp_path):
    """A checkerboard of single pixels must become grey, not a moire pattern."""
    write(tmp_path, names=("a.png",))
    board = np.indices((HEIGHT, WIDTH)).sum(0) % 2 * 255
    Image.fromarray(np.repeat(board[..., None], 3, 2).astype(np.uint8)).save(tmp_path / "images" / "a.png")
    small = read(tmp_path, size=(8, 6)).images[0]
    assert small.min() > 100 and small.max() < 155


def test_masks_are_never_mixed(tmp_path):
    write(tmp_path)
    for size in ((17, 13), (80, 60), (33, 25)):
        assert set(np.unique(read(tmp_path, size=size).labels)) == {0, 1, 2}


def test_sixteen_bit_grey_photographs(tmp_path):
    write(tmp_path, names=("a.png",))
    Image.fromarray(np.full((HEIGHT, WIDTH), 128 * 256, np.uint16)).save(tmp_path / "images" / "a.png")
    assert (read(tmp_path).images == 128).all()


def test_a_camera_held_upright_counts_with_its_turned_size(tmp_path):
    write(tmp_path, names=("a.png",))
    turned = Image.fromarray(photograph(scene_labels()).transpose(1, 0, 2)[:, ::-1].copy())
    exif = Image.Exif()
    exif[0x0112] = 8        # stored turned clockwise
    (tmp_path / "images" / "a.png").unlink()
    turned.save(tmp_path / "images" / "a.png", exif=exif)
    assert np.array_equal(read(tmp_path).images[0], photograph(scene_labels()))
    assert inspect(tmp_path, CLASSES).ok


# ---- faults: all of them at once, one sentence

def test_everything_wrong_is_counted_and_named_in_one_sentence(tmp_path):
    write(tmp_path, names=[f"{i}.png" for i in range(9)])
    masks, images = tmp_path / "masks", tmp_path / "images"
    (masks / "0.png").unlink()
    for i in (1, 2, 3, 4):
        Image.fromarray(np.full((HEIGHT, WIDTH), 40 + i, np.uint8)).save(masks / f"{i}.png")
    Image.fromarray(scene_labels()[:20]).save(masks / "5.png")
    (images / "6.png").write_bytes((images / "6.png").read_bytes()[:60])
    (masks / "7.png").write_text("not a picture")
    text = fails(tmp_path, "1 image has no mask (0.png)", "4 masks have values that belong to no class",
                 "1.png: 41", "and 1 more", "1 mask has another size than its image (5.png: 40 x 20, image 40 x 30)",
                 "2 files cannot be read (6.png, 7.png)")
    assert "4.png" not in text and "8.png" not in text


def test_pictures_that_hold_gigabytes_are_refused_by_their_header(tmp_path):
    write(tmp_path)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    for side in (12_000, 60_000):           # below and above what Pillow itself refuses
        head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        (tmp_path / "masks" / "a.png").write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100))
            + chunk(b"IEND", b""))
        fails(tmp_path, "too large to be a photograph", "a.png")


def test_formats_that_run_programs_are_not_opened(tmp_path):
    write(tmp_path)
    (tmp_path / "images" / "a.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n")
    fails(tmp_path, "1 file cannot be read (a.png)")


@pytest.mark.parametrize(("ids", "words"), [
    ({"cube": 5, "sphere": 5}, ("same validation id 5",)), ({"cone": 5}, ("'cone'", "no class")),
    ({"cube": 5}, ("'sphere' has no validation id",)), ({"cube": -1, "sphere": 2}, ("-1", "between 0"))])
def test_ids_that_cannot_be(tmp_path, ids, words):
    write(tmp_path)
    fails(tmp_path, *words, ids=ids)


def test_folders_that_are_no_data(tmp_path):
    fails(tmp_path / "nowhere", "does not exist")
    (tmp_path / "file").write_text("")
    fails(tmp_path / "file", "is a file")
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty", "it is empty")
    write(tmp_path / "unlabelled")
    for mask in (tmp_path / "unlabelled" / "masks").iterdir():
        mask.unlink()
    fails(tmp_path / "unlabelled", "3 images but no masks")


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"cube": "x", "sphere": 2}', '{"cube": 1, "sphere": true}',
                                  '{"cube": 1, "cube": 2}', "[" * 9999])
def test_broken_class_tables(tmp_path, text):
    write(tmp_path)
    (tmp_path / "classes.json").write_text(text)
    fails(tmp_path, "classes.json", "cannot be read")


# ---- COCO

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


# ---- BOP

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


# ---- inspecting

def test_inspect_counts_as_read_dataset_would(tmp_path):
    write(tmp_path)
    found = inspect(tmp_path, CLASSES, None, 15, 15)
    data = read(tmp_path)
    assert found.ok and (found.format, found.n_images, found.examined) == ("index masks", 3, 3)
    assert found.pixels == dict(zip(CLASSES, data.pixel_counts(), strict=True))
    assert found.images == {"background": 3, "cube": 3, "sphere": 3}
    assert any("another aspect" in note for note in found.notes)
    assert found.example == (tmp_path / "images" / "a.png", tmp_path / "masks" / "a.png")
    assert inspect(tmp_path, CLASSES, limit=2).examined == 2


def test_inspect_without_classes_tells_the_folders_own_ids(tmp_path):
    write(tmp_path, ids=(0, 7, 9))
    assert set(inspect(tmp_path).pixels) == {"0", "7", "9"}
    (tmp_path / "classes.json").write_text('{"cube": 7}')
    assert set(inspect(tmp_path).pixels) == {"0", "cube", "9"}


def test_inspect_without_pillow_counts_files_and_says_so(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    found = inspect(tmp_path, CLASSES)
    assert found.n_images == 3 and found.pixels is None and found.examined == 0
    assert any("Pillow" in note for note in found.notes)
    with pytest.raises(InputError, match="Pillow"):
        read(tmp_path)


def test_linemod_occluded(shared_data):
    """Real photographs: the areas of all objects, halved in each direction, against the masks' own pixel counts."""
    names = ("background", "ape", "can", "cat", "driller", "duck", "eggbox", "glue", "holepuncher")
    numbers = (1, 5, 6, 8, 9, 10, 11, 12)
    ids = dict(zip(names[1:], numbers, strict=True))
    data = read_dataset(shared_data / "lmo" / "val", names, ids, 320, 240)
    assert len(data) == 70 and data.notes == ()
    masks = sorted((shared_data / "lmo" / "val" / "masks").iterdir())
    full = sum(np.bincount(np.asarray(Image.open(path)).ravel(), minlength=256) for path in masks)
    assert np.allclose(data.pixel_counts()[1:] * 4, full[[16 * number for number in numbers]], rtol=0.02)
    found = inspect(shared_data / "lmo" / "val", names, {name: 16 * number for name, number in ids.items()}, limit=5)
    assert found.ok and found.format == "BOP" and found.examined == 5
