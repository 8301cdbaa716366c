"""The display settings of a scene that the network's image keeps: exposure and gamma.

Renders are scene-linear and ``core.film`` develops them with the plain sRGB curve. Exposure is a factor on light and
fits every layer. Gamma bends the displayed image, so only an undivided image can carry it. View transforms and looks
(AgX, Filmic) are not simulated.
"""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from ..paths import PropertyRef

_SHOWN_ONLY = ("view_settings.", "display_settings.", "sequencer_colorspace_settings.")
_KEPT = ("view_settings.exposure", "view_settings.gamma")


def bends(refs: Iterable[PropertyRef]) -> bool:
    """Whether one of the properties makes the image a non-linear function of light."""
    return any(ref.collection == "scenes" and ref.path == "view_settings.gamma" for ref in refs)


def without_effect(refs: Iterable[PropertyRef]) -> list[PropertyRef]:
    """Those of the properties that change only how Blender displays an image."""
    return [ref for ref in refs if ref.collection == "scenes" and ref.path.startswith(_SHOWN_ONLY)
            and ref.path not in _KEPT]


def apply(scene: bpy.types.Scene, layers: np.ndarray) -> None:
    """Exposure on scene-linear ``layers`` (L, H, W, 3), in place; gamma as well when L is 1."""
    settings = scene.view_settings
    if settings.exposure:
        layers *= 2.0 ** settings.exposure
    if len(layers) == 1 and settings.gamma != 1.0:
        shown = _encode(np.clip(layers, 0.0, 1.0)) ** (1.0 / settings.gamma)
        layers[...] = _decode(shown)


def _encode(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, linear to sRGB."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1.0 / 2.4) - 0.055)


def _decode(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4)
