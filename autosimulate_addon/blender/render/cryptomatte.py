"""Object and material indices from Cryptomatte passes: EEVEE has no index passes.

Cryptomatte stores, per pixel, the hashes of the names that cover it and their shares, largest first; a manifest in the
file says which name a hash stands for. https://github.com/Psyop/Cryptomatte (specification 1.2.0)
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from .exr import ExrImage


def decode(image: ExrImage, name: str, numbers: Mapping[str, int]) -> np.ndarray | None:
    """(H, W) int32: the number of what covers most of each pixel, 0 where that is nothing or has no number.

    ``name`` is "CryptoObject" or "CryptoMaterial". None when the image has no such pass.
    """
    ranks = image.find(f"{name}00", components="rgba")      # hash, share, second hash, its share
    if ranks is None:
        return None
    hashes = np.ascontiguousarray(ranks[..., 0]).view(np.uint32)
    shown = ranks[..., 1] >= 1.0 - ranks[..., 1] - ranks[..., 3]    # at least as much as the background
    numbered = np.zeros(hashes.shape, dtype=np.int32)
    for text, digits in _manifest(image, name).items():
        if numbers.get(text):
            numbered[(hashes == np.uint32(int(digits, 16))) & shown] = numbers[text]
    return numbered


def _manifest(image: ExrImage, name: str) -> dict[str, str]:
    for key, value in image.attributes.items():
        if key.startswith("cryptomatte/") and key.endswith("/name") and value.endswith(name):
            return json.loads(image.attributes.get(key.removesuffix("name") + "manifest", "{}"))
    return {}
