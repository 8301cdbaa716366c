"""Before anything is learned: lights far from every photograph's brightness are brought to it.

A network that was trained in the dark does not see bright photographs: its validation loss is above that of a guess,
and the hypergradient of such a loss is chance. How bright photographs are is known without any network, and lights
and exposure need no new render.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..film import EXPOSURE, FILM, LUMINANCE, gains, without_view_transform
from ..hypergradient.chunks import images_at_once
from ..hypergradient.pathwise import relight, relightable
from ..psi import Psi, Resampled
from ..randomness import derive_seed
from ..renders import RenderStore
from ..trust_region import trust_region

#: So dark is a black image taken to be.
_BLACK = 1e-4
#: Standard deviations, and stops, between photographs and renders from which the hypergradient can no longer judge.
BEYOND, STOPS = 2.0, 1.0
#: A light stays whose standard deviation changes the light in the scene by less than this part of what the strongest
#: one's does.
_EFFECT = 0.01
#: Stops that are left over, and steps taken at most. A step is bounded in KL.
_NEAR, _STEPS, _KL = 0.05, 40, 2.0


@dataclass(frozen=True)
class Brightness:
    """psi once it was looked at, by how many stops the photographs were brighter, and whether that was far."""

    psi: Psi
    stops: float
    far: bool
    left: float         # stops by which the photographs are brighter than the renders lit anew


def match_brightness(store: RenderStore, index: Tensor, psi: Psi, photographs: Tensor, seed: int) -> Brightness:
    """psi with the means of lights and exposure moved until the renders ``index`` (K,) are as bright as photographs.

    ``photographs`` is (N, 3, H, W) in [0, 1]. psi stays where the two means are within BEYOND standard deviations of
    one image, or STOPS, from each other, which is for the hypergradient to judge, and where it has no light that can be
    mixed anew. All lights move by the same number of their own standard deviations: which of them were wrong,
    brightness does not tell. Where most of the light is not theirs (a world that stays, say), they are dimmed until
    that no longer shows.
    """
    keys = tuple(key for key in relightable(store) if key not in FILM or key == EXPOSURE)
    real = torch.cat([stops(some).cpu() for some in photographs.split(images_at_once(*photographs.shape[-2:]))])
    brightness, gradient = _brightness(store, index, psi, keys, seed)
    mismatch = gap = (real.mean() - brightness.mean()).item()
    deviation = (real.var(correction=0) + brightness.var(correction=0)).sqrt().item()
    far = abs(mismatch) > max(STOPS, BEYOND * deviation)
    direction = _brighter(store, index, psi, keys, seed) if far else torch.zeros(psi.size)
    for _ in range(_STEPS if direction.any() else 0):
        slope = max((direction @ gradient).item(), _EFFECT)     # none in images that are all white or all black
        step = trust_region(psi, gap / slope * direction, _KL)
        if gap < 0 and _darker(store, index, psi, step, keys, seed) < _NEAR:
            break
        psi = step
        brightness, gradient = _brightness(store, index, psi, keys, seed)
        gap = (real.mean() - brightness.mean()).item()
        if abs(gap) <= _NEAR:
            break
    return Brightness(psi, mismatch, far, gap)


def stops(images: Tensor) -> Tensor:
    """(N,) float64: log2 of the mean linear luminance of sRGB images (N, 3, H, W) in [0, 1]."""
    return torch.log2(_luminance(without_view_transform(images.double()).mean((2, 3))) + _BLACK)


def _luminance(colours: Tensor) -> Tensor:
    """(..., 3) linear RGB -> (...,)"""
    return colours @ colours.new_tensor(LUMINANCE)


def _brighter(store: RenderStore, index: Tensor, psi: Psi, keys: tuple[str, ...], seed: int) -> Tensor:
    """(P,) of -1, 0 and 1: how the means of lights and exposure move for more light in the scene, clipped nowhere."""
    light, resampled, leaves = _light(store, index, psi, keys, seed)
    gradient = torch.where(psi.is_scale, 0.0, _pathwise(light, resampled, leaves))
    return gradient.sign() * (gradient.abs() > _EFFECT * gradient.abs().max())


def _darker(store: RenderStore, index: Tensor, psi: Psi, step: Psi, keys: tuple[str, ...], seed: int) -> float:
    """By how many stops less light there is in the scene under ``step``, clipped nowhere."""
    before, after = (_light(store, index, each, keys, seed)[0].double().clamp_min(_BLACK).log2().mean()
                     for each in (psi, step))
    return (before - after).item()


def _light(store: RenderStore, index: Tensor, psi: Psi, keys: tuple[str, ...], seed: int
           ) -> tuple[Tensor, Resampled, dict[str, Tensor]]:
    """(linear luminance (K,) of the mean pixel, clipped nowhere, the draws from psi behind it, their leaves)."""
    resampled = psi.resample(keys, len(index), seed)
    leaves = resampled.leaves(device=store.device)
    at = index.to(store.device)
    means = store.layers[at].mean((2, 3), dtype=torch.float32)
    light = _luminance((gains(store.reference[at], store.specification, leaves) * means).sum(1))
    if EXPOSURE in leaves:
        light = light * torch.exp2(leaves[EXPOSURE][:, 0, 0])
    return light, resampled, leaves


def _brightness(store: RenderStore, index: Tensor, psi: Psi, keys: tuple[str, ...], seed: int) -> tuple[Tensor, Tensor]:
    """(stops (K,), gradient (P,) of their mean in whitened coordinates), under lights drawn from psi."""
    brightnesses, gradient = [], torch.zeros(psi.size, dtype=torch.float64)
    for part, at in enumerate(index.split(images_at_once(*store.labels.shape[-2:]))):
        images, resampled, leaves = relight(store, at, psi, keys, derive_seed(seed, part), differentiable=True)
        brightness = stops(images)
        gradient += len(at) / len(index) * _pathwise(brightness, resampled, leaves)
        brightnesses.append(brightness.detach().cpu())
    return torch.cat(brightnesses), gradient


def _pathwise(values: Tensor, resampled: Resampled, leaves: dict[str, Tensor]) -> Tensor:
    """(P,): d E[values] / d u; 0 where there is nothing to differentiate by."""
    wanted = {key: leaf for key, leaf in leaves.items() if leaf.requires_grad}
    if not wanted or not values.requires_grad:
        return torch.zeros(resampled.u.shape[1], dtype=torch.float64)
    parts = torch.autograd.grad(values.sum(), list(wanted.values()), allow_unused=True)
    return resampled.pathwise(dict(zip(wanted, parts, strict=True))).mean(0)
