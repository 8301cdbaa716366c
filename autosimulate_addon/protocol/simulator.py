"""A simulator takes draws and gives back images with labels. Blender is one; ``core.standin`` is another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from .factor import Draw, Factor, SampleKey


@dataclass(frozen=True)
class Driver:
    """A layer's light is proportional to ``draw[factor][element]`` (a number, or one number per colour channel)."""

    factor: str
    element: int = 0


@dataclass(frozen=True)
class Layer:
    """One summand of a render: the light of one source. No drivers: it is always added as it was rendered."""

    name: str
    drivers: tuple[Driver, ...] = ()


@dataclass(frozen=True)
class Render:
    """One rendered image, split by light source, with its labels.

    The image for other values of the drivers is sum_l layers[l] * gain_l, where gain_l (per channel) is the product
    of the drivers' values divided by ``reference[l]``, the product of the values that layer was really rendered with.
    """

    key: SampleKey
    draw: Draw
    layers: np.ndarray        # (L, H, W, 3) float16, scene-linear Rec.709
    reference: np.ndarray     # (L, 3) float32
    labels: np.ndarray        # (H, W) uint8, class index; 0 is background
    instances: np.ndarray     # (H, W) uint16, instance index; 0 is nothing
    seconds: float = 0.0
    #: What was asked for beside, by name: "depth" (H, W) float32 along the camera's axis, infinite where nothing is;
    #: "normal" (H, W, 3) float32 in world space; "camera" (3, 3) the intrinsics in pixels, the image spanning 0 to its
    #: size; "posed" (n,) instance indices and "poses" (n, 4, 4) from model to camera, x right, y down, z forward;
    #: "whole" (n,) instance indices and of each, nothing before it: "whole_masks" (n, H, W) bool, "whole_boxes" (n, 4)
    #: x and y from and to, also beyond the image, "whole_pixels" (n,) beside the image too; "keypointed" (n,) instance
    #: indices and "keypoints" (n, K, 3) of each x, y and COCO's flag: 0 not in the image or of no such point, 1 hidden,
    #: 2 seen.
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)


@runtime_checkable
class Simulator(Protocol):
    """What the optimiser needs to know of the program that renders."""

    factors: tuple[Factor, ...]
    classes: tuple[str, ...]      # names by class index; classes[0] is the background
    layers: tuple[Layer, ...]     # what each of Render.layers is

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        """Renders in the order of ``draws``. A factor that drives layers, or acts on the film, needs no new render."""
        ...


@runtime_checkable
class WorksAhead(Protocol):
    """A simulator that renders elsewhere, while its job does something else."""

    def submit(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> None:
        """Rendering these may begin: ``render`` will be asked for the same draws with the same keys."""
        ...
