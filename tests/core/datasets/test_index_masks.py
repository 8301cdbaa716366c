"""Index masks: layouts, ids, class tables."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import IGNORE
from tests.core.datasets.folders import fails, photograph, read, scene_labels, write


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
