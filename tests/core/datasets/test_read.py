"""Sizes, and all faults of a folder in one sentence."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from autosimulate_addon.core.datasets import inspect
from autosimulate_addon.protocol.photographs import crop_box, size_like
from tests.core.datasets.folders import CLASSES, HEIGHT, WIDTH, fails, photograph, read, scene_labels, write


def test_resampling_keeps_aspect_by_cutting_and_says_so(tmp_path):
    write(tmp_path)
    square = read(tmp_path, size=(15, 15))
    assert "3 images" in square.notes[0] and "40 x 30 to 30 x 30); renders of 16 x 12 have" in square.notes[0]
    assert np.array_equal(square.labels[1], scene_labels()[1::2, 5:35][:, 1::2])
    half = read(tmp_path, size=(20, 15))
    assert half.notes == ()
    means = photograph(scene_labels()).reshape(15, 2, 20, 2, 3).mean((1, 3))
    assert np.abs(half.images[1][1:-1, 1:-1] - means[1:-1, 1:-1]).mean() < 12


@pytest.mark.parametrize("size", [(640, 640), (4032, 3024), (3024, 4032), (6000, 4000), (1920, 1080), (1000, 667)])
def test_renders_in_the_shape_of_photographs_cut_next_to_nothing(size):
    for width, height in ((192, 160), (128, 96), (64, 48)):
        shaped = size_like(size, width, height)
        left, top, right, bottom = crop_box(size, *shaped)
        assert (right - left) * (bottom - top) > 0.98 * size[0] * size[1]
        assert 0.85 < shaped[0] * shaped[1] / (width * height) < 1.15 and not any(side % 2 for side in shaped)


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


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_photographs_of_32_bits_a_pixel_are_refused(tmp_path, kind):
    write(tmp_path, names=("a.png",))
    (tmp_path / "images" / "a.png").unlink()
    Image.fromarray(np.full((HEIGHT, WIDTH), 1, kind)).save(tmp_path / "images" / "a.tiff")
    fails(tmp_path, "a.tiff", "which value is white")


def test_a_camera_held_upright_counts_with_its_turned_size(tmp_path):
    write(tmp_path, names=("a.png",))
    turned = Image.fromarray(photograph(scene_labels()).transpose(1, 0, 2)[:, ::-1].copy())
    exif = Image.Exif()
    exif[0x0112] = 8        # stored turned clockwise
    (tmp_path / "images" / "a.png").unlink()
    turned.save(tmp_path / "images" / "a.png", exif=exif)
    assert np.array_equal(read(tmp_path).images[0], photograph(scene_labels()))
    assert inspect(tmp_path, CLASSES).ok


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
    (tmp_path / "phone").mkdir()
    (tmp_path / "phone" / "IMG_0001.HEIC").write_bytes(b"ftypheic")
    fails(tmp_path / "phone", ".HEIC files, which are not read here")


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"cube": "x", "sphere": 2}', '{"cube": 1, "sphere": true}',
                                  '{"cube": 1, "cube": 2}', "[" * 9999])
def test_broken_class_tables(tmp_path, text):
    write(tmp_path)
    (tmp_path / "classes.json").write_text(text)
    fails(tmp_path, "classes.json", "cannot be read")
