"""Small pictures of samples: class colours, palette masks, images with their masks laid over, sheets of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from ...protocol.vocabulary import CLASS_COLORS
from ..record.directory import atomic_path

#: In the sheets that are written where the user says, by which they are known to be ours.
SOFTWARE = "AutoSimulate for Blender"


def class_colours() -> np.ndarray:
    """(256, 3) uint8: background black, classes distinct, 255 (ignored pixels) grey."""
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[1:1 + len(CLASS_COLORS)] = CLASS_COLORS
    for index in range(1 + len(CLASS_COLORS), 255):            # hues at golden steps
        hue = (index * 0.618034) % 1.0 * 2.0 * math.pi
        wave = np.cos(hue - np.array([0.0, 2.0, 4.0]) * math.pi / 3.0)
        colours[index] = np.round(127.5 + 100.0 * wave)
    colours[255] = 128
    return colours


def write_image(path: Path, pixels: np.ndarray, own: bool = False) -> None:
    """(H, W, 3) uint8, (H, W) uint8 or (H, W) uint16 as PNG, atomically; ``own``: with a note that ``is_own`` knows."""
    note = PngInfo()
    if own:
        note.add_text("Software", SOFTWARE)
    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary, pnginfo=note)


def is_own(path: Path) -> bool:
    """Whether ``path`` is a PNG that was written as our own."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.info.get("Software") == SOFTWARE
    except (OSError, ValueError, SyntaxError):
        return False


def write_mask(path: Path, labels: np.ndarray) -> None:
    """(H, W) uint8 class indices as a palette PNG: the pixel values are the indices, the colours are for people."""
    mask = Image.fromarray(labels.astype(np.uint8), mode="P")
    mask.putpalette(class_colours().ravel().tolist())
    with atomic_path(path) as temporary:
        mask.save(temporary)


def overlay(image: np.ndarray, labels: np.ndarray, opacity: float = 0.45) -> np.ndarray:
    """``image`` (H, W, 3) uint8 with the classes of ``labels`` (H, W) tinted; background is left as it is."""
    tint = class_colours()[labels]
    mixed = (1.0 - opacity) * image + opacity * tint
    return np.where((labels > 0)[..., None], mixed.round().astype(np.uint8), image)


def sheet(cells: Sequence[np.ndarray], columns: int, captions: Sequence[str] = (), gap: int = 4,
          least_width: int = 96) -> np.ndarray:
    """Equally large (H, W, 3) uint8 pictures in a grid on dark grey, small ones enlarged to be seen; uint8."""
    height, width = cells[0].shape[:2]
    enlarge = max(1, math.ceil(least_width / width))
    columns = max(1, min(columns, len(cells)))
    rows = math.ceil(len(cells) / columns)
    text = 12 if captions else 0
    cell_width, cell_height = width * enlarge + gap, height * enlarge + gap + text
    canvas = Image.new("RGB", (columns * cell_width + gap, rows * cell_height + gap), (40, 40, 40))
    draw = ImageDraw.Draw(canvas)
    for index, cell in enumerate(cells):
        left = gap + index % columns * cell_width
        top = gap + index // columns * cell_height
        canvas.paste(Image.fromarray(cell.repeat(enlarge, 0).repeat(enlarge, 1)), (left, top + text))
        if captions:
            draw.text((left, top), captions[index], fill=(220, 220, 220))
    return np.asarray(canvas)


def sample_sheet(images: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> np.ndarray:
    """Pairs, one above the other: the image, and the image with its classes laid over."""
    return pairs(images, [overlay(image, mask) for image, mask in zip(images, labels, strict=True)])


def pairs(above: Sequence[np.ndarray], below: Sequence[np.ndarray]) -> np.ndarray:
    """Equally large pictures, one above the other, in a sheet with as few empty cells as can be."""
    columns = min((6, 5, 4), key=lambda number: -len(above) % number)
    return sheet([np.concatenate(pair, axis=0) for pair in zip(above, below, strict=True)], columns)
