"""What happens to the files of data sets on their way: each a function that changes them and says
what is to come of it.

A damage that a format cannot have returns None, and nothing is changed.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.run.triples.data_formats import Written
from tests.run.triples.deck import EITHER, RESULT, Verdict, refused

Damage = Callable[[Written, str, random.Random], Verdict | None]


def halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])


def image_cut(written: Written, _kind: str, rng: random.Random) -> Verdict:
    halve(rng.choice(written.images))
    return refused("cannot be read")


def image_empty(written: Written, _kind: str, rng: random.Random) -> Verdict:
    rng.choice(written.images).write_bytes(b"")
    return refused("cannot be read")


def image_gone(written: Written, kind: str, rng: random.Random) -> Verdict:
    rng.choice(written.images).unlink()
    # What is left is a set of its own where the labels do not name their images.
    return RESULT if kind.startswith(("index", "binary", "bop", "yolo")) or kind == "voc masks" else \
        refused("is not there")


def image_huge(written: Written, _kind: str, rng: random.Random) -> Verdict:
    """A PNG whose header promises four gigapixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 65000, 65000, 8, 2, 0, 0, 0))
    rng.choice(written.images).write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return refused("too large")


def image_is_a_gif(written: Written, _kind: str, rng: random.Random) -> Verdict:
    Image.new("P", (16, 12)).save(rng.choice(written.images), format="GIF")
    return refused("cannot be read")


def image_mode(written: Written, _kind: str, rng: random.Random) -> Verdict:
    path = rng.choice(written.images)
    with Image.open(path) as picture:
        picture.load()
    lossy = path.suffix.lower() in (".jpg", ".jpeg")
    mode = rng.choice(("CMYK", "L") if lossy else ("L", "LA", "RGBA", "P", "I;16", "1"))
    if mode == "I;16":
        Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(path)
    else:
        picture.convert(mode).save(path, format="JPEG" if lossy else "PNG")
    return RESULT


def image_turned(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    path, orientation = rng.choice(written.images), rng.choice((3, 6, 8))
    with Image.open(path) as picture:
        picture.load()
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(path, exif=exif)
    return RESULT if orientation == 3 or "yolo" in kind or picture.width == picture.height else refused("EXIF", "size")


def mask_cut(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    halve(rng.choice(written.masks))
    return refused("cannot be read")


def mask_gone(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    rng.choice(written.masks).unlink()
    return RESULT if kind == "voc masks" else refused("no mask")


def masks_gone(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    for path in written.masks:
        path.unlink()
    return RESULT if kind == "voc masks" else refused("mask", "not validation data")    # VOC has its polygons


def mask_size(written: Written, _kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    path = rng.choice(written.masks)
    with Image.open(path) as mask:
        mask.resize((mask.width + rng.choice((1, 5, -3)), mask.height), Image.Resampling.NEAREST).save(path)
    return refused("size")


def mask_value(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks or kind == "bop":
        return None
    path = rng.choice(written.masks)
    with Image.open(path) as mask:
        values = np.array(mask)
    values[0, 0] = 131
    Image.fromarray(values).save(path)
    return refused("131")


def mask_colour(written: Written, _kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    path = rng.choice(written.masks)
    with Image.open(path) as mask:
        size = mask.size
    Image.fromarray(np.random.default_rng(1).integers(0, 3, (*size[::-1], 3)).astype(np.uint8)).save(path)
    return refused("colour")


def mask_jpeg(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    path = rng.choice(written.masks)
    with Image.open(path) as mask:
        mask.convert("L").save(path.with_suffix(".jpg"))
    path.unlink()
    return EITHER if kind in ("voc masks", "index beside") else refused("JPEG", "no mask")


def mask_not_counted(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """Some pixels of 255, which index masks leave out of the loss."""
    if not written.masks or kind in ("bop", "bop masks", "binary", "index palette"):
        return None
    path = rng.choice(written.masks)
    with Image.open(path) as mask:
        values = np.array(mask)
    values[0] = 255
    Image.fromarray(values).save(path)
    return EITHER if values.dtype == np.uint16 else RESULT


def masks_empty(written: Written, _kind: str, _rng: random.Random) -> Verdict | None:
    if not written.masks:
        return None
    for path in written.masks:
        with Image.open(path) as mask:
            size = mask.size
        Image.new("L", size).save(path)
    return refused("no pixel")


def twins(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """Beside an image another one of its name."""
    path = rng.choice(written.images)
    other = path.with_suffix(".jpg" if path.suffix.lower() != ".jpg" else ".png")
    with Image.open(path) as picture:
        picture.save(other)
    return EITHER if kind.startswith(("coco", "labelme", "voc", "boxes voc")) or kind == "index beside" else \
        refused("shares its name", "share their name")


def other_files(written: Written, _kind: str, _rng: random.Random) -> Verdict:
    """What lies about on people's disks."""
    for folder in {path.parent for path in written.images + written.masks + written.texts}:
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
        (folder / f"._{written.images[0].name}").write_bytes(b"\0\5\x16\7")
        (folder / "README.md").write_text("# mine")
        (folder / "old.png.bak").write_bytes(b"")
        (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (written.folder / "empty").mkdir()
    return RESULT


def folder_for_a_file(written: Written, _kind: str, rng: random.Random) -> Verdict:
    path = rng.choice(written.images + written.masks)
    path.unlink()
    path.mkdir()
    return EITHER


def name_not_utf8(written: Written, kind: str, rng: random.Random) -> Verdict | None:
    """The first image, and its mask, in a file system's own bytes; in half of the cases it is also damaged."""
    if not kind.startswith(("index", "binary")) or kind == "index beside" or os.name != "posix":
        return None
    for path in (written.images[0], written.masks[0]):
        renamed = path.with_name(os.fsdecode(b"caf\xe9") + path.suffix)
        path.rename(renamed)
        if rng.random() < 0.5:
            renamed.write_bytes(b"")
            return refused("cannot be read", "no mask", "have no mask")
    return RESULT


def folder_emptied(written: Written, _kind: str, _rng: random.Random) -> Verdict:
    shutil.rmtree(written.folder)
    written.folder.mkdir()
    for path in (*written.texts, *written.tables):
        if not path.is_relative_to(written.folder):
            path.unlink(missing_ok=True)
    return refused("empty", "no images", "not validation data")


def folder_gone(written: Written, _kind: str, _rng: random.Random) -> Verdict:
    shutil.rmtree(written.folder)
    return refused("does not exist")


def file_given(written: Written, _kind: str, rng: random.Random) -> Verdict:
    written.folder = rng.choice(written.images + written.texts)
    return refused("is a file")


FILE_DAMAGES: tuple[Damage, ...] = (
    image_cut, image_empty, image_gone, image_huge, image_is_a_gif, image_mode, image_turned, mask_cut, mask_gone,
    masks_gone, mask_size, mask_value, mask_colour, mask_jpeg, mask_not_counted, masks_empty, twins, other_files,
    name_not_utf8, folder_for_a_file, folder_emptied, folder_gone, file_given)
