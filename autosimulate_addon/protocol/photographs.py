"""What is known of photographs unopened: how their files end, and what renders of another shape leave of them."""

from __future__ import annotations

import math

#: How files of pictures end.
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
#: No render is asked to be longer than so many times its width or height.
_LONGEST = 8


def crop_box(size: tuple[int, int], width: int, height: int) -> tuple[float, float, float, float]:
    """The largest centred box of the render's aspect in a picture of ``size`` (width, height), in pixels.

    Aspects within one pixel of each other are taken as the same: the whole picture is used.
    """
    w, h = size
    box_w, box_h = min(w, h * width / height), min(h, w * height / width)
    if w - box_w < 1:
        box_w = w
    if h - box_h < 1:
        box_h = h
    left, top = (w - box_w) / 2, (h - box_h) / 2
    return (left, top, left + box_w, top + box_h)


def size_like(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """(width, height) of renders in the shape of a picture of ``size`` with about as many pixels as ``width`` x
    ``height``, in even numbers; of those within a tenth, the nearest in shape."""
    w, h = size
    w, h = (min(each, _LONGEST * other) for each, other in ((w, h), (h, w)))
    middle = math.sqrt(width * height * w / h)
    choices = [(each, max(8, 2 * round(each * h / w / 2)))
               for each in range(max(8, 2 * round(0.95 * middle / 2)), 2 * round(1.05 * middle / 2) + 2, 2)]
    return min(choices, key=lambda each: (round(abs(math.log(each[0] * h / (each[1] * w))), 4), abs(each[0] - middle)))
