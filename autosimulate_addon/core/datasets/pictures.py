"""Opening pictures that strangers made, and bringing them to the size of the renders."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...protocol import InputError
from ...protocol.photographs import crop_box
from .problems import NOT_INDEXED, NOT_SHOWN, TOO_LARGE, UNREADABLE, FileProblem

#: Kinds of picture that are opened. Pillow knows many more, some of which start other programs (EPS) or are not images.
IMAGE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")
#: Such a photograph takes 300 MB. Beyond it a file is a mistake or an attack: a small file can hold gigabytes.
MAX_PIXELS = 100_000_000
#: What Pillow raises on files that are cut short or made up.
_BROKEN = (OSError, SyntaxError, ValueError, IndexError, struct.error)


def have_pillow() -> bool:
    """Whether pixels can be read at all: Blender's own Python comes without Pillow."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    return True


def open_picture(path: Path | BinaryIO):
    """The picture with its header read and checked, pixels not yet decoded. Use it in a ``with`` statement.

    Raises FileProblem for what cannot be read or is too large, InputError where Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise InputError("Reading validation images needs Pillow, which this Python does not have: "
                         "install it, or name a Python environment that has it.") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")             # Pillow's own, milder warning about large files
        try:
            picture = Image.open(path, formats=IMAGE_FORMATS)
        except Image.DecompressionBombError as error:
            raise FileProblem(TOO_LARGE) from error
        except _BROKEN as error:
            raise FileProblem(UNREADABLE) from error
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width} x {picture.height} pixels"
        picture.close()
        raise FileProblem(TOO_LARGE, size)
    return picture


def _decoded(picture):
    """Decodes all pixels now. A file cut short fails here, not when its header is read."""
    try:
        picture.load()
    except _BROKEN as error:
        raise FileProblem(UNREADABLE) from error
    return picture


def read_photograph(path: Path):
    """An image as displayed: a PIL image in mode RGB, turned upright where its camera noted how it was held."""
    with open_picture(path) as picture:
        from PIL import Image, ImageOps

        _decoded(picture)
        # 16-bit grey, which some versions of Pillow call I in a PNG: it would be clipped to white.
        if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PNG"):
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        if picture.mode in ("I", "F"):
            raise FileProblem(NOT_SHOWN, "32 bits a pixel")
        return ImageOps.exif_transpose(picture).convert("RGB")


def is_turned(path: Path) -> bool:
    """Whether the camera noted that width and height of an image are to be swapped for display."""
    with open_picture(path) as picture:
        try:
            return picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)        # the orientations that swap the sides
        except _BROKEN as error:        # a PNG is decoded for this, because its EXIF may stand at the end
            raise FileProblem(UNREADABLE) from error


def read_indices(path: Path) -> np.ndarray:
    """A mask's values as they are stored, (H, W) integer: palette positions, or grey levels of 8 or 16 bits."""
    with open_picture(path) as picture:
        _decoded(picture)
        if picture.mode == "RGB":                    # grey saved by a program that only knows colour
            channels = np.asarray(picture)
            if not (np.ptp(channels, axis=2) == 0).all():
                raise FileProblem(NOT_INDEXED, "it is in colour")
            return channels[..., 0]
        if picture.mode not in ("L", "P", "1", "I") and not picture.mode.startswith("I;16"):
            raise FileProblem(NOT_INDEXED, f"its pixels are {picture.mode}")
        values = np.asarray(picture)
        if values.dtype == bool:
            return values.astype(np.uint8)
        if picture.mode == "L":
            # Pillow stretches grey of 1, 2 and 4 bits to 0..255; the class index is what was stored.
            values = values // (255 // (2 ** _grey_bits(path) - 1))
        return values


def read_colours(path: Path) -> np.ndarray:
    """(H, W, 3) uint8: a mask's colours as they are shown, those of a palette too."""
    with open_picture(path) as picture:
        return np.asarray(_decoded(picture).convert("RGB"))


def read_bitmap(content: bytes) -> np.ndarray:
    """(H, W) bool: where a picture that stands inside of another file is not black. Raises FileProblem."""
    with open_picture(io.BytesIO(content)) as picture:
        return np.asarray(_decoded(picture).convert("L")) > 0


def _grey_bits(path: Path) -> int:
    """Bits per sample in a PNG's header (PNG specification, IHDR: byte 24); 8 for every other format."""
    with open(path, "rb") as file:
        header = file.read(25)
    return header[24] if header.startswith(b"\x89PNG") and header[24] in (1, 2, 4) else 8


def resample_photograph(picture, width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8. Pillow's bilinear filter widens with the scale, so that shrinking averages areas."""
    from PIL import Image

    resized = picture.resize((width, height), Image.Resampling.BILINEAR, box=crop_box(picture.size, width, height))
    return np.asarray(resized)


def resample_labels(labels: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width) uint8 from (H, W) uint8 by nearest neighbour: class indices cannot be averaged."""
    from PIL import Image

    picture = Image.fromarray(labels)
    return np.asarray(picture.resize((width, height), Image.Resampling.NEAREST,
                                     box=crop_box(picture.size, width, height)))
