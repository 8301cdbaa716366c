"""Masks of two values, masks that lose values, and masks that could belong to several images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import IGNORE, inspect
from tests.core.datasets.folders import CLASSES, fails, photograph, read, scene_labels, write


def binary(folder: Path, values=(0, 255, 255)) -> None:
    write(folder, ids=values)


@pytest.mark.parametrize("ids", [None, {"cube": 1}, {"cube": 255}])
def test_255_is_the_one_class(tmp_path, ids):
    binary(tmp_path)
    data = read(tmp_path, classes=CLASSES[:2], ids=ids)
    assert np.array_equal(data.labels[1], scene_labels() > 0)
    assert ids == {"cube": 255} or any("255 is taken as 'cube'" in note for note in data.notes)
    found = inspect(tmp_path, CLASSES[:2], ids)
    assert found.ok and found.pixels["cube"] == data.pixel_counts()[1]


def test_255_is_the_one_class_of_a_table(tmp_path):
    binary(tmp_path)
    (tmp_path / "classes.txt").write_text("cube\n")
    assert np.array_equal(read(tmp_path, classes=CLASSES[:2]).labels[1], scene_labels() > 0)


def test_255_cannot_be_several_classes(tmp_path):
    binary(tmp_path)
    fails(tmp_path, "only the values 0 and 255", "cube, sphere")


def test_255_beside_a_class_index_is_not_counted(tmp_path):
    binary(tmp_path, (0, 1, 255))
    data = read(tmp_path, classes=CLASSES[:2])
    assert (data.labels[1] == IGNORE).any() and (data.labels[1] == 1).any()


@pytest.mark.parametrize("value", [0, 255])
def test_no_labelled_pixel_is_an_error(tmp_path, value):
    write(tmp_path, ids=(0, value, value))
    (tmp_path / "classes.json").write_text('{"cube": 1, "sphere": 2}')
    if value:
        fails(tmp_path, "only the values 0 and 255")
    else:
        fails(tmp_path, "no pixel of its 3 images belongs to cube, sphere", "background")


def test_masks_of_one_bit(tmp_path):
    write(tmp_path, names=("a.png",))
    Image.fromarray(scene_labels() > 0).save(tmp_path / "masks" / "a.png")
    assert np.array_equal(read(tmp_path, classes=CLASSES[:2]).labels[0], scene_labels() > 0)


def test_masks_of_16_bits(tmp_path):
    write(tmp_path, names=("a.png",))
    Image.fromarray(scene_labels().astype(np.uint16) * 300).save(tmp_path / "masks" / "a.png")
    assert np.array_equal(read(tmp_path, ids={"cube": 300, "sphere": 600}).labels[0], scene_labels())


@pytest.mark.parametrize("masks", ["masks", "labels"])
def test_masks_as_jpeg_are_refused_with_the_reason(tmp_path, masks):
    write(tmp_path, masks=masks, suffix=".jpg")
    fails(tmp_path, "3 masks are JPEGs or WebPs", "compression", "PNG")


def test_masks_as_jpeg_beside_their_images_are_refused(tmp_path):
    for name in ("a.jpg", "a_mask.jpg"):
        Image.fromarray(scene_labels()).save(tmp_path / name)
    fails(tmp_path, "1 mask is a JPEG or WebP", "a_mask.jpg")


@pytest.mark.parametrize("other", ["b.jpg", "B.png"])
def test_two_images_do_not_share_a_mask(tmp_path, other):
    write(tmp_path)
    Image.fromarray(photograph(scene_labels())).save(tmp_path / "images" / other)
    fails(tmp_path, "could be either's", "b.png", other)


def test_two_masks_of_one_image(tmp_path):
    write(tmp_path)
    Image.fromarray(scene_labels()).save(tmp_path / "masks" / "b_mask.png")
    fails(tmp_path, "1 image has several masks", "b.png and b_mask.png")


def test_masks_named_after_the_whole_file_belong_to_it(tmp_path):
    write(tmp_path, names=("a.png",))
    (tmp_path / "masks" / "a.png").rename(tmp_path / "masks" / "a.png.png")
    Image.fromarray(photograph(scene_labels())).save(tmp_path / "images" / "a.jpg")
    Image.fromarray(scene_labels()).save(tmp_path / "masks" / "a.jpg.png")
    assert read(tmp_path).names == ("a.jpg", "a.png")


@pytest.mark.parametrize("names", ["_background_\ncube\nsphere", "__ignore__\n_background_\ncube\nsphere\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_labelmes_export(tmp_path, names, mark):
    write(tmp_path, images="JPEGImages", masks="SegmentationClassPNG")
    (tmp_path / "class_names.txt").write_text(mark + names, encoding="utf-8")
    data = read(tmp_path)
    assert np.array_equal(data.labels[1], scene_labels()) and data.notes == ()


@pytest.mark.parametrize(("name", "text"), [("classes.json", '{"cube": 7, "sphere": 9}'),
                                            ("classes.toml", "cube = 7\nsphere = 9"),
                                            ("classes.txt", "7 cube\n9 sphere")])
def test_class_tables_with_a_byte_order_mark(tmp_path, name, text):
    write(tmp_path, ids=(0, 7, 9))
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert np.array_equal(read(tmp_path).labels[1], scene_labels())


@pytest.mark.parametrize("mode", ["CMYK", "LA", "P", "L", "RGBA"])
def test_kinds_of_photographs(tmp_path, mode):
    write(tmp_path, names=("a.png",))
    suffix = "jpg" if mode == "CMYK" else "png"
    (tmp_path / "images" / "a.png").unlink()
    Image.fromarray(photograph(scene_labels())).convert(mode).save(tmp_path / "images" / f"a.{suffix}")
    assert np.array_equal(read(tmp_path).labels[0], scene_labels())


@pytest.mark.parametrize("options", [{"suffix": "webp"}, {"suffix": "jpg", "progressive": True}, {"suffix": "tif"}])
def test_files_of_photographs(tmp_path, options):
    write(tmp_path, names=("a.png",))
    (tmp_path / "images" / "a.png").unlink()
    path = tmp_path / "images" / f"a.{options.pop('suffix')}"
    Image.fromarray(photograph(scene_labels())).save(path, **options)
    assert np.abs(read(tmp_path).images[0].astype(int) - photograph(scene_labels())).mean() < 20
