"""The pathwise side: images that need no new render are differentiable functions of their draws.

Light adds up and the film acts after it, so one render gives images for any light energies and exposures. M of them
per render average the noise of the lights out of w, and d w / d s for all of them takes one backward pass through
the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..film import noise_seeds
from ..psi import Psi
from ..randomness import derive_seed
from ..renders import RenderStore
from ..tasks.task import Task
from .chunks import images_at_once
from .directional_derivative import FORWARD_MODE, value_and_derivative
from .model import Model, parts_of
from .parameters import Parameters

#: Added to a sample's loss where w is relative to it: an image that is all but learned must not count for everything.
RELATIVE_FLOOR = 0.05


@dataclass(frozen=True)
class Probe:
    """What is asked of every image: the derivative of its loss at ``theta`` along ``v``."""

    task: Task
    model: Model
    theta: Parameters
    v: Parameters
    relative: bool = False          # of log(loss + RELATIVE_FLOOR) in place of the loss
    method: str = FORWARD_MODE      # or FINITE_DIFFERENCE: see ``value_and_derivative``


@dataclass(frozen=True)
class Relighting:
    """How a render becomes images: ``relights`` draws of the factors ``keys``, or as it was rendered without any."""

    keys: Sequence[str] = ()
    relights: int = 1
    seed: int = 0
    differentiate: bool = False     # take d w / d u by these draws too, at twice the cost


def relightable(store: RenderStore) -> tuple[str, ...]:
    """Keys of the continuous factors whose effect on an image is known without a new render: lights and the film."""
    return tuple(f.key for f in store.factors if f.key in store.driven and f.continuous)


def relight(store: RenderStore, index: Tensor, psi: Psi, keys: Sequence[str], seed: int, relights: int = 1,
            differentiable: bool = False):
    """(images (B * relights, 3, H, W), the draws of ``keys`` behind them, those draws as leaves of the graph).

    The factors ``keys`` are drawn from ``psi``; other lights and film keep the values they were rendered with.
    """
    count = len(index) * relights
    resampled = psi.resample(keys, count, seed)
    leaves = resampled.leaves(device=store.device)
    if not differentiable:
        leaves = {key: leaf.detach() for key, leaf in leaves.items()}
    kept = {key: store.draws[key][index.cpu()].to(store.device).repeat_interleave(relights, 0)
            for key in store.driven if key not in leaves}
    images = store.images(index, {**kept, **leaves}, noise_seeds(seed, count), relights)
    return images.contiguous(memory_format=torch.channels_last), resampled, leaves


@dataclass(frozen=True)
class DirectionalDerivatives:
    """w of n renders by part of the loss, with its pathwise gradient, averaged over their relights."""

    parts: Tensor         # (n, ...) float64: v . grad l by part of the loss (see ``Task.parts``); their sum is w
    gradients: Tensor     # (n, P) float64: d w / d u in psi's whitened coordinates; 0 where not asked for
    scores: Tensor        # (n, P) float64: score of the draws behind them; 0 for factors that were not drawn
    method: str           # how the directional derivative was taken

    @property
    def w(self) -> Tensor:
        """(n,)"""
        return self.parts.sum(tuple(range(1, self.parts.ndim)))


def directional_derivatives(probe: Probe, store: RenderStore, index: Tensor, psi: Psi,
                            relighting: Relighting) -> DirectionalDerivatives:
    """w of the renders ``index`` (n,), each under the draws of ``relighting``."""
    keys = relighting.keys
    relights = relighting.relights if keys else 1
    parts, gradients, scores, method = [], [], [], probe.method
    renders = max(1, images_at_once(*store.labels.shape[-2:]) // relights)
    for start in range(0, len(index), renders):
        rows = index[start:start + renders]
        images, resampled, leaves = relight(store, rows, psi, keys, derive_seed(relighting.seed, start), relights,
                                            relighting.differentiate)
        losses = parts_of(probe.task, probe.model, images, store.targets(probe.task, rows, relights))
        wanted = {key: leaf for key, leaf in leaves.items() if leaf.requires_grad}
        with torch.set_grad_enabled(bool(wanted)):
            loss, derivative, method = value_and_derivative(losses, probe.theta, probe.v, method)
        if probe.relative:
            derivative = derivative / (loss.sum(tuple(range(1, loss.ndim)), keepdim=True) + RELATIVE_FLOOR)
        slopes = {}
        if wanted:
            by_leaf = torch.autograd.grad(derivative.sum(), list(wanted.values()), allow_unused=True)
            slopes = dict(zip(wanted, by_leaf, strict=True))
        shape = (len(rows), relights)
        parts.append(derivative.detach().double().cpu().unflatten(0, shape).mean(1))
        gradients.append(resampled.pathwise(slopes).unflatten(0, shape).mean(1))
        scores.append(psi.score(resampled, keys).unflatten(0, shape).mean(1) if keys
                      else torch.zeros_like(gradients[-1]))
    return DirectionalDerivatives(torch.cat(parts), torch.cat(gradients), torch.cat(scores), method)


def apply_control_variates(gradients: Tensor, scores: Tensor, weights: Tensor,
                           places: Sequence[slice]) -> Tensor:
    """``gradients`` (n, P) less what the scores (n, P) of their draws explain.

    A score has the mean 0 exactly, so that any multiple of it may be taken off; the multiple comes from weighted least
    squares within each factor (``places``). It matters for standard deviations: d w / d log sigma is
    eps * d w / d mu, most of whose variance is that of eps times the mean of d w / d mu.
    """
    result = gradients.clone()
    for place in places:
        x, y = scores[:, place], gradients[:, place]
        centred = x - weights @ x
        normal = centred.T @ (weights[:, None] * centred)
        ridge = 1e-3 * torch.eye(len(normal), dtype=normal.dtype)       # categorical scores are collinear
        fitted = torch.linalg.solve(normal + ridge, centred.T @ (weights[:, None] * (y - weights @ y)))
        result[:, place] = y - x @ fitted
    return result
