"""The hypergradient at a convex head: exact products, and no render is scored by a head that saw it.

Of each half of the renders a head theta and v = H^-1 g_val; w_k = v . grad l_k of the renders of the other half. All
renders so far take part, with their importance weights at psi, and every factor by its score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..hypergradient.agreement import HALVES, Agreement
from ..hypergradient.conjugate_gradients import CGResult, CGStatus
from ..hypergradient.credit import Advantage, credited_score_terms
from ..hypergradient.direction import Direction, direction
from ..hypergradient.estimate import Estimate
from ..hypergradient.options import EstimatorOptions
from ..hypergradient.parameters import Parameters
from ..hypergradient.replay import WeightedRenders
from ..hypergradient.score_function import std
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..renders import RenderStore
from .convex_head import ConvexHead
from .convex_regression import Problem
from .learner import Training
from .side_by_side import worst_of


@dataclass(frozen=True)
class Half:
    """What one half of the renders says: theta, and v (D + 1, C) for each half of the photographs."""

    theta: Tensor
    directions: list[Tensor]
    solved: CGResult

    @property
    def direction(self) -> Tensor:
        return torch.stack(self.directions).sum(0)


def cross_fitted(head: ConvexHead, store: RenderStore, batch: Tensor, psi: Psi, validation: Validation,
                 options: EstimatorOptions) -> Estimate:
    """The hypergradient at ``psi`` from all renders of ``store``, or from its ``batch`` (K,) alone where all together
    are worth less.
    """
    if not head.l2:
        head.fit(store, Training(psi, torch.arange(len(store)), 1, validation=validation), 0)
    renders, sampled = _renders(store, batch, psi, options), head.sampled(store)
    place = torch.arange(len(renders.index)) % HALVES
    halves, parts = [], torch.zeros(HALVES, len(store), *store.labels.shape[-2:])
    for number in range(HALVES):
        seen, held = (renders.index[place == number], renders.index[place != number])
        half = fit_half(head, sampled.rows(seen), renders.weights[place == number], validation, options)
        parts[:, held] = pixel_derivatives(head, half, sampled.rows(held), store.labels.shape[-2:])
        halves.append(half)
    parts = parts[:, renders.index]

    w = parts.double().sum((0, 2, 3))
    w_std = std(w, renders.weights)
    advantage = Advantage(renders.weights, w_std, options.baseline, options.clip)
    gradient, variance = renders.moments(_terms(head, store, renders, psi, parts.sum(0), advantage, options))
    by_photographs = [renders.moments(_terms(head, store, renders, psi, part, advantage, options))[0] for part in parts]
    # Where no photograph is asked, halves of them agree by themselves.
    agreement = None if options.approximation == "no-validation" else Agreement.of(
        tuple(half.direction for half in halves), tuple(by_photographs))
    return Estimate(gradient, variance, renders.effective, _direction(halves), "exact", w, renders.index, agreement)


def _renders(store: RenderStore, batch: Tensor, psi: Psi, options: EstimatorOptions) -> WeightedRenders:
    weights, effective = store.importance_weights(psi, [factor.key for factor in store.factors], options.truncation)
    if effective < options.least_effective * len(batch):
        return WeightedRenders.equal(batch)
    return WeightedRenders(torch.arange(len(store)), weights, effective)


def fit_half(head: ConvexHead, sampled: Any, weights: Tensor, validation: Validation,
             options: EstimatorOptions) -> Half:
    """theta* of these renders, from the head's own theta, and H^-1 g_val at it."""
    problem = head.problem(head.samples(sampled, weights / weights.sum()))
    theta = problem.fit(head.vector)
    solved = _solved(problem, theta, torch.cat(validation_gradients(head, theta, validation, options), 1),
                     options.approximation)
    assert isinstance(solved.solution, Tensor)
    return Half(theta, list(solved.solution.split(theta.shape[1], 1)), solved)


def _solved(problem: Problem, theta: Tensor, gradients: Tensor, approximation: str) -> CGResult:
    """H^-1 of the gradients side by side (D + 1, k C), or what an approximation takes in its place."""
    if approximation == "quadratic":
        return problem.solve(theta, gradients)
    product = problem.hessian_product(theta)

    def as_parameters(v: Parameters) -> Parameters:
        assert isinstance(v, Tensor)
        return product(v)

    found = direction(approximation, gradients, as_parameters)
    status = CGStatus.CONVERGED if found.usable else CGStatus.NOT_FINITE
    return CGResult(found.vector, status, 0, found.relative_residual, 0.0)


def validation_gradients(head: ConvexHead, theta: Tensor, validation: Validation,
                         options: EstimatorOptions) -> list[Tensor]:
    """g_val (D + 1, C) as the sum of the shares of halves of the photographs, in their order, at the size of the maps.
    """
    task, targets, _ = head.small(validation)
    share = task.objective(((outputs, targets[rows]) for rows, outputs in
                            head.small_outputs({"weight": theta[:-1], "bias": theta[-1]}, validation)),
                           len(validation), options.objective, options.metric_weight)
    leaf, scales, size = theta.clone().requires_grad_(), head.scales(validation), validation.images.shape[-2:]
    gradients = []
    for rows in torch.arange(len(validation), device=head.device).chunk(HALVES):
        gradient = torch.zeros_like(theta)
        for some in rows.split(8):
            outputs = head.maps({"weight": leaf[:-1], "bias": leaf[-1]}, [each[some] for each in scales], *size)
            gradient += torch.autograd.grad(share(outputs, targets[some]), leaf)[0]
        gradients.append(gradient)
    return gradients


def pixel_derivatives(head: ConvexHead, half: Half, sampled: Any, size: torch.Size) -> Tensor:
    """(halves of the photographs, n, H, W): v . grad l, where there are samples for all that they stand for; else 0."""
    derivatives, places = head.derivatives(half.theta, half.directions, sampled)
    parts = torch.zeros(len(half.directions), len(sampled), size[0] * size[1])
    places = places.cpu().expand(derivatives.shape)
    return parts.scatter_add_(2, places, derivatives.cpu().to(parts)).unflatten(2, tuple(size))


def _terms(head: ConvexHead, store: RenderStore, renders: WeightedRenders, psi: Psi, parts: Tensor,
           advantage: Advantage, options: EstimatorOptions) -> Tensor:
    return credited_score_terms(head.task, store, renders.index, psi, store.factors, parts.double(), advantage,
                                options.object_credit)


def _direction(halves: list[Half]) -> Direction:
    """v of the first half, with the worst status of all solves."""
    solved = [half.solved for half in halves]
    worst = worst_of(solved)
    v = halves[0].direction
    return Direction({"weight": v[:-1], "bias": v[-1]}, str(worst.status), max(each.iterations for each in solved),
                     worst.relative_residual, worst.damping)

