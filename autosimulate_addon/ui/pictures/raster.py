"""Small pictures drawn with numpy: there is no plotting library in Blender's Python.

A canvas is (height, width, 4) float32, bottom row first as Blender's images are, colours in display space.
Standard library and numpy only.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

Color = tuple[float, float, float]


class Canvas:
    """An RGBA picture to draw on, in pixel coordinates with the origin at the bottom left."""

    def __init__(self, width: int, height: int, background: tuple[float, float, float, float] = (0, 0, 0, 0)):
        self.pixels = np.empty((height, width, 4), dtype=np.float32)
        self.pixels[:] = background

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    def _blend(self, rows: slice, columns: slice, color: Color, alpha: np.ndarray) -> None:
        region = self.pixels[rows, columns]
        alpha = alpha[..., None]
        under = region[..., 3:] * (1 - alpha)
        total = alpha + under
        region[..., :3] = (np.asarray(color, np.float32) * alpha + region[..., :3] * under) / np.maximum(total, 1e-6)
        region[..., 3:] = total

    def line(self, points: np.ndarray, color: Color, thickness: float = 2.0, alpha: float = 1.0) -> None:
        """A polyline through (n, 2) points, anti-aliased by the distance of each pixel to the nearest segment."""
        points = np.asarray(points, dtype=np.float64)
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            return
        reach = thickness / 2 + 1
        x_low, y_low = (max(int(value - reach), 0) for value in points.min(axis=0))     # nothing is outside of this
        x_high, y_high = (max(int(value + reach + 2), 0) for value in points.max(axis=0))
        coverage = np.zeros((self.height, self.width), dtype=np.float32)
        for start, end in pairwise(points):
            x0, x1 = sorted((start[0], end[0]))
            y0, y1 = sorted((start[1], end[1]))
            left, right = int(max(x0 - reach, 0)), int(min(x1 + reach + 1, self.width))
            bottom, top = int(max(y0 - reach, 0)), int(min(y1 + reach + 1, self.height))
            if left >= right or bottom >= top:
                continue
            yy, xx = np.mgrid[bottom:top, left:right] + 0.5
            direction = end - start
            length = float(direction @ direction)
            t = np.zeros_like(xx) if length == 0 else \
                np.clip(((xx - start[0]) * direction[0] + (yy - start[1]) * direction[1]) / length, 0, 1)
            distance = np.hypot(xx - start[0] - t * direction[0], yy - start[1] - t * direction[1])
            patch = coverage[bottom:top, left:right]
            np.maximum(patch, np.clip(thickness / 2 + 0.5 - distance, 0, 1), out=patch)
        rows, columns = slice(y_low, y_high), slice(x_low, x_high)
        self._blend(rows, columns, color, coverage[rows, columns] * alpha)

    def graph(self, heights: np.ndarray, color: Color, thickness: float = 2.0) -> None:
        """A ``line`` through one height (pixels) per column, many times faster: only near columns count for a pixel."""
        heights = np.asarray(heights, dtype=np.float32)
        if len(heights) < 2 or not np.isfinite(heights).all():
            return
        columns = np.arange(self.width)
        yy = np.arange(self.height, dtype=np.float32)[:, None] + 0.5
        nearest = np.full((self.height, self.width), np.inf, dtype=np.float32)
        reach = int(np.ceil(thickness / 2 + 1))
        for offset in range(-reach, reach + 1):
            first = np.clip(columns + offset, 0, len(heights) - 2)          # the segment from this column to the next
            dx = (columns - first + 0.5).astype(np.float32)
            start = heights[first]
            rise = heights[first + 1] - start
            dy = yy - start
            t = np.clip((dx + dy * rise) / (1 + rise * rise), 0, 1)
            np.minimum(nearest, (dx - t) ** 2 + (dy - t * rise) ** 2, out=nearest)
        self._blend(slice(None), slice(None), color, np.clip(thickness / 2 + 0.5 - np.sqrt(nearest), 0, 1))

    def area(self, heights: np.ndarray, color: Color, alpha: float = 0.35, base: float = 0.0) -> None:
        """Fills between ``base`` and one height (pixels) per column."""
        heights = np.asarray(heights, dtype=np.float64)[None, :]
        rows = np.arange(self.height, dtype=np.float64)[:, None]
        coverage = np.clip(heights - rows, 0, 1) * (rows >= base)
        self._blend(slice(None), slice(None), color, (coverage * alpha).astype(np.float32))

    def box(self, left: float, bottom: float, right: float, top: float, color: Color, alpha: float = 1.0) -> None:
        """A filled rectangle."""
        rows = slice(max(round(bottom), 0), max(round(top), 0))
        columns = slice(max(round(left), 0), max(round(right), 0))
        shape = self.pixels[rows, columns].shape[:2]
        if all(shape):
            self._blend(rows, columns, color, np.full(shape, alpha, dtype=np.float32))

    def paste(self, image: np.ndarray, left: int, bottom: int) -> None:
        """Copies an (h, w, 3 or 4) picture, bottom row first."""
        h = min(image.shape[0], self.height - bottom)
        w = min(image.shape[1], self.width - left)
        self.pixels[bottom:bottom + h, left:left + w, :image.shape[2]] = image[:h, :w]
        if image.shape[2] == 3:
            self.pixels[bottom:bottom + h, left:left + w, 3] = 1.0


def fit(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture scaled to fit (nearest pixel up, box average down), keeping its shape; (h', w', channels)."""
    h, w = image.shape[:2]
    scale = min(width / w, height / h)
    new_w, new_h = max(int(w * scale), 1), max(int(h * scale), 1)
    step = max(int(1 / scale), 1)
    if step > 1:                                        # average whole blocks first: nearest alone would flicker
        h2, w2 = h // step * step, w // step * step
        image = image[:h2, :w2].reshape(h2 // step, step, w2 // step, step, -1).mean(axis=(1, 3))
        h, w = image.shape[:2]
    rows = np.minimum((np.arange(new_h) + 0.5) * h / new_h, h - 1).astype(int)
    columns = np.minimum((np.arange(new_w) + 0.5) * w / new_w, w - 1).astype(int)
    return image[rows][:, columns]


def boxed(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture scaled to fit, in the middle of a transparent one of exactly (height, width, 4)."""
    canvas = Canvas(width, height)
    small = fit(image, width, height)
    canvas.paste(small, (width - small.shape[1]) // 2, (height - small.shape[0]) // 2)
    return canvas.pixels
