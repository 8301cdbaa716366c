"""The hybrid estimator of the hypergradient: pathwise where images need no new render, score function elsewhere.

The package's docstring derives what is estimated here, with its signs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from ...protocol.numbers import WIDTH
from ..psi import Psi
from ..randomness import derive_seed
from ..renders import RenderStore
from ..tasks.task import Task
from .agreement import Agreement, ask_halves, mean_cosine
from .credit import Advantage, credited_score_terms
from .direction import Direction, find_direction
from .model import Model
from .options import EstimatorOptions
from .pathwise import (
    DirectionalDerivatives,
    Probe,
    Relighting,
    apply_control_variates,
    directional_derivatives,
    relight,
    relightable,
)
from .replay import WeightedRenders, replayed
from .score_function import std
from .validation import Validation


@dataclass(frozen=True)
class Estimate:
    """The direction in which psi lowers the validation loss, in whitened coordinates, divided by the std of w."""

    gradient: Tensor          # (P,) float64: ascend it
    variance: Tensor          # (P,) of ``gradient``
    effective: float          # samples it is worth
    direction: Direction
    derivative: str           # how w was taken: "finite-difference" or "forward-mode"
    w: Tensor                 # (n,) of the renders ``index``
    index: Tensor
    agreement: Agreement | None = None      # where halves of the data were asked
    networks: float = math.nan              # cosine of the gradients of the networks that were averaged,
    between: Tensor | None = None           # and the variance (P,) of their mean by how they differ

    def record(self, psi: Psi) -> dict[str, Any]:
        """How sure it is of a step of ``psi``, as plain numbers: "intervals" by coordinate [low, high] of its gradient,
        and the cosines "renders", "photographs" and "networks" where they were asked.

        A gradient is in units of the deviation of w: about the correlation of w with the coordinate's score. Its error
        is that of the renders and of the networks that were asked. A locked coordinate has no interval.
        """
        variance = self.variance if self.between is None else self.variance + self.between
        gradient, error = psi.by_name(self.gradient), WIDTH * psi.by_name(variance, variances=True).sqrt()
        low, high = (gradient - error).tolist(), (gradient + error).tolist()
        said: dict[str, Any] = {"intervals": {name: [round(a, 5), round(b, 5)]
                                              for name, a, b in zip(psi.named(), low, high, strict=True) if a < b}}
        if self.agreement is not None:
            said |= {"renders": self.agreement.renders, "photographs": self.agreement.photographs}
        return said if math.isnan(self.networks) else {**said, "networks": self.networks}


def estimate(
    task: Task,
    model: Model,
    store: RenderStore,
    batch: Tensor,
    psi: Psi,
    validation: Validation,
    options: EstimatorOptions,
    seed: int,
) -> Estimate:
    """The hypergradient at ``psi``: the ascent direction sum_k w_k grad_psi log q_psi(s_k), or E[dw/ds ds/du] pathwise.

    ``batch`` (K,) holds the rows in ``store`` of the renders drawn from ``psi`` that the model has not been trained
    on: on images it has memorised, the gradient is near zero whatever the image.
    """
    keys = relightable(store) if options.pathwise else ()

    # v = (C + lambda I)^-1 g_val, with C from some of the batch under redrawn lights
    rows = batch[:options.curvature_images]
    images, _, _ = relight(store, rows, psi, keys, derive_seed(seed, "curvature"))
    v = find_direction(task, model, images, store.targets(task, rows), validation, options, seed)
    probe = Probe(task, model, model.theta, v.vector, options.relative, options.derivative)

    # w_k = v . grad l(zeta_k, theta) (n,), and dw_k/du (m, P) of the renders that are differentiated
    renders = replayed(store, batch, psi, keys, options, seed)
    differentiated = renders.resample(options.pathwise_renders, derive_seed(seed, "relit"))
    pathwise = None
    if keys:
        relighting = Relighting(keys, options.relights, derive_seed(seed, "pathwise"), differentiate=True)
        pathwise = directional_derivatives(probe, store, differentiated.index, psi, relighting)
    if pathwise and differentiated is renders:
        derivatives = pathwise          # one pass serves both
    else:
        derivatives = directional_derivatives(probe, store, renders.index, psi,
                                              Relighting(keys, 1, derive_seed(seed, "w")))
    w = derivatives.w
    w_std = std(w, renders.weights)

    # sum_k w_k grad_psi log q_psi(s_k), less a baseline, for the factors that are rendered
    rendered = [factor for factor in store.factors if factor.key not in keys]
    advantage = Advantage(renders.weights, w_std, options.baseline, options.clip)
    terms = credited_score_terms(task, store, renders.index, psi, rendered, derivatives.parts, advantage,
                                 options.object_credit)
    gradient, variance = renders.moments(terms)

    # E[dw/ds ds/du] for the others. Each sum is 0 in the other's columns, so that they may be added.
    if pathwise:
        pathwise_gradient, pathwise_variance = _pathwise_moments(pathwise, differentiated, psi, keys, w_std, options)
        gradient, variance = gradient + pathwise_gradient, variance + pathwise_variance
    agreement = None
    if options.halves:
        alone = replace(options, halves=False)
        agreement = ask_halves(
            lambda half: find_direction(task, model, relight(store, half, psi, keys, derive_seed(seed, "curvature"))[0],
                                        store.targets(task, half), validation, options, seed).vector,
            lambda part: estimate(task, model, store, batch, psi, validation.part(part), alone, seed).gradient,
            batch, len(validation))
    return Estimate(gradient, variance, renders.effective, v, derivatives.method, w, renders.index, agreement)


def _pathwise_moments(pathwise: DirectionalDerivatives, renders: WeightedRenders, psi: Psi, keys: Sequence[str],
                      w_std: float, options: EstimatorOptions) -> tuple[Tensor, Tensor]:
    """(mean (P,) of dw/du over ``w_std``, variance (P,) of that mean)."""
    terms = (pathwise.gradients / w_std).clamp(-2 * options.clip, 2 * options.clip)
    if options.control_variates:
        terms = apply_control_variates(terms, pathwise.scores, renders.weights, [psi.slices[key] for key in keys])
    return renders.moments(terms)


def average(estimates: Sequence[Estimate]) -> Estimate:
    """The mean over networks that were trained on the same renders; all else is the first's."""
    usable = [each for each in estimates if each.direction.usable] or list(estimates[:1])
    between = torch.stack([each.gradient for each in usable]).var(0) / len(usable) if len(usable) > 1 else None
    return replace(usable[0], networks=mean_cosine([each.gradient for each in usable]), between=between,
                   gradient=reduce(Tensor.add, [each.gradient for each in usable]) / len(usable),
                   variance=reduce(Tensor.add, [each.variance for each in usable]) / len(usable) ** 2)
