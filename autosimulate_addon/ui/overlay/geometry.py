"""Line segments of the overlay's shapes, in world space. Numpy only: nothing here needs a graphics card."""

from __future__ import annotations

import numpy as np

_STEPS = 32
_ANGLES = np.linspace(0.0, 2.0 * np.pi, _STEPS, endpoint=False)


def circle(segments: int = _STEPS) -> np.ndarray:
    """A unit circle in the xy-plane as line segments, (2 * segments, 3): pairs of end points."""
    angles = _ANGLES if segments == _STEPS else np.linspace(0.0, 2.0 * np.pi, segments, endpoint=False)
    points = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(segments)])
    return np.stack([points, np.roll(points, -1, axis=0)], axis=1).reshape(-1, 3)


_CIRCLE = circle()
#: Three circles around the axes: what an ellipsoid is drawn as.
_SPHERE = np.concatenate([_CIRCLE, _CIRCLE[:, [0, 2, 1]], _CIRCLE[:, [2, 0, 1]]])


def ellipsoid(mean: np.ndarray, std: np.ndarray, sigmas: float = 1.0, matrix: np.ndarray | None = None) -> np.ndarray:
    """The ``sigmas``-ellipsoid of an axis-aligned normal distribution, (n, 3) end points of segments.

    Args:
        mean, std: (3,), in the space that ``matrix`` (4, 4) takes to the world; a parent's, or the world itself.
    """
    points = np.asarray(mean, np.float64) + _SPHERE * np.asarray(std, np.float64) * sigmas
    if matrix is not None:
        matrix = np.asarray(matrix, np.float64)
        points = points @ matrix[:3, :3].T + matrix[:3, 3]
    return points.astype(np.float32)


def ring_radius(energy: float, scale: float = 0.05) -> float:
    """Radius in metres of the ring of a light: grows with the square root of its energy, as its reach does."""
    return scale * float(np.sqrt(max(energy, 0.0)))


def energy_rings(center: np.ndarray, mean: float, std: float, scale: float = 0.05) -> np.ndarray:
    """Rings of a light's energy at mean - std, mean and mean + std around ``center`` (3,), level with the ground."""
    radii = [ring_radius(max(mean - std, 0.0), scale), ring_radius(mean, scale), ring_radius(mean + std, scale)]
    shapes = [_CIRCLE * radius for radius in radii if radius > 0]
    if not shapes:
        return np.empty((0, 3), np.float32)
    return (np.concatenate(shapes) + np.asarray(center, np.float64)).astype(np.float32)
