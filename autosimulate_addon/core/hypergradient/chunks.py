"""How many images a pass of the hypergradient takes at once."""

from __future__ import annotations

_MOST_IMAGES = 32
#: Of the images of one pass together. Forward mode through a pretrained network keeps some 10 kB a pixel: at 160 x 120,
#: 32 images at once took 7 GB.
_MOST_PIXELS = _MOST_IMAGES * 96 * 72


def images_at_once(height: int, width: int) -> int:
    return max(1, min(_MOST_IMAGES, _MOST_PIXELS // (height * width)))
