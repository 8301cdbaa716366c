"""Pictures made with numpy, as icons that panels can show. Made on demand, freed when the add-on is disabled."""

from __future__ import annotations

from pathlib import Path

import bpy
import bpy.utils.previews
import numpy as np

_previews: bpy.utils.previews.ImagePreviewCollection | None = None


def _preview(name: str) -> bpy.types.ImagePreview:
    global _previews
    if _previews is None:
        _previews = bpy.utils.previews.new()
    return _previews[name] if name in _previews else _previews.new(name)


def show(name: str, pixels: np.ndarray) -> int:
    """Keeps a picture (height, width, 4), bottom row first, under ``name``; returns the icon to draw it with."""
    preview = _preview(name)
    height, width = pixels.shape[:2]
    flat = np.ascontiguousarray(pixels, dtype=np.float32).ravel()
    preview.image_size = (width, height)
    preview.image_pixels_float.foreach_set(flat)
    return preview.icon_id


def show_wide(name: str, pixels: np.ndarray, tiles: int) -> tuple[int, ...]:
    """Keeps a picture that is ``tiles`` times as wide as high, as so many square icons to be drawn side by side.

    Blender's icons are square: a wide picture in one would have empty space above and below.
    """
    side = pixels.shape[1] // tiles
    return tuple(show(f"{name}/{i}", pixels[:, i * side:(i + 1) * side]) for i in range(tiles))


def wide(name: str) -> tuple[int, ...]:
    """The icons of ``show_wide``, () where there are none."""
    found = []
    while number := icon(f"{name}/{len(found)}"):
        found.append(number)
    return tuple(found)


def show_small(name: str, pixels: np.ndarray) -> int:
    """As ``show``, for a list's row: drawn at the size of any other icon."""
    preview = _preview(name)
    height, width = pixels.shape[:2]
    flat = np.ascontiguousarray(pixels, dtype=np.float32).ravel()
    preview.icon_size = (width, height)
    preview.icon_pixels_float.foreach_set(flat)
    return preview.icon_id


def read_image(path: Path) -> np.ndarray:
    """A picture file as (height, width, 4) float32, bottom row first, in display colours.

    Read by Blender itself, which knows every format; raises RuntimeError for what it cannot read.
    """
    image = bpy.data.images.load(str(path))
    try:
        width, height = image.size
        if not width or not height:
            raise RuntimeError(f"{path} is not a picture")
        pixels = np.empty(width * height * 4, dtype=np.float32)
        image.pixels.foreach_get(pixels)
        return pixels.reshape(height, width, 4)
    finally:
        bpy.data.images.remove(image)


def icon(name: str) -> int:
    """The icon of a picture, 0 where there is none."""
    return _previews[name].icon_id if _previews is not None and name in _previews else 0


def forget(prefix: str) -> None:
    """Frees the pictures whose name begins so."""
    if _previews is not None:
        for name in [name for name in _previews if name.startswith(prefix)]:
            del _previews[name]


def unregister() -> None:
    global _previews
    if _previews is not None:
        bpy.utils.previews.remove(_previews)
        _previews = None
