"""Conjugate gradients for (A + lambda I) x = b with A known only by its products.

Hestenes and Stiefel (1952), with what a solve inside an optimiser needs beside it: a stopping rule relative to b,
float64 inner products, an exit where the curvature is not positive, and a result that says what happened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from .parameters import Parameters, axpy, dot, is_finite, scale, zeros_like
from .products import Product


class CGStatus(StrEnum):
    CONVERGED = "converged"
    MAX_ITERATIONS = "max_iterations"
    NEGATIVE_CURVATURE = "negative_curvature"
    NOT_FINITE = "not_finite"


@dataclass(frozen=True)
class CGResult:
    """What a solve ended with.

    ``solution`` is the best iterate: the one of least energy x'(A + lambda I)x / 2 - b'x, the quantity the method
    lowers at every step. (The residual may rise on the way, on a badly conditioned A even above that of x = 0.)
    """

    solution: Parameters
    status: CGStatus
    iterations: int
    relative_residual: float    # |b - (A + lambda I) x| / |b|, by the recurrence; 0 where b is 0
    damping: float              # the lambda that was used


def conjugate_gradients(product: Product, rhs: Parameters, *, damping: float = 0.0, relative_damping: float = 0.0,
                        tolerance: float = 1e-6, max_iterations: int = 10) -> CGResult:
    """Solves (A + lambda I) x = ``rhs``.

    lambda = ``damping`` + ``relative_damping`` * |b'Ab| / b'b. The quotient is the curvature along b, so that a
    relative damping means the same for every loss, network and stage of training; its product also serves as the
    first iteration's. Stops at |r| <= ``tolerance`` * |b|.

    Where the curvature along a direction is not positive the best iterate so far is returned, or b itself, the
    direction of steepest descent, if there is none yet.
    """
    rhs_norm = math.sqrt(dot(rhs, rhs)) if is_finite(rhs) else math.nan
    if not math.isfinite(rhs_norm):
        return CGResult(zeros_like(rhs), CGStatus.NOT_FINITE, 0, math.nan, damping)
    if rhs_norm == 0.0:
        return CGResult(zeros_like(rhs), CGStatus.CONVERGED, 0, 0.0, damping)

    product_of_rhs = None
    if relative_damping:
        product_of_rhs = product(rhs)
        damping += relative_damping * abs(dot(rhs, product_of_rhs)) / rhs_norm**2
    if not math.isfinite(damping):
        return CGResult(rhs, CGStatus.NOT_FINITE, 0, 1.0, damping)

    x, residual, direction, squared = zeros_like(rhs), rhs, rhs, rhs_norm**2
    best, best_energy, best_squared = x, 0.0, squared
    status, iterations = CGStatus.MAX_ITERATIONS, 0
    while iterations < max_iterations:
        reused = product_of_rhs if iterations == 0 else None
        image = axpy(damping, direction, product(direction) if reused is None else reused)
        curvature = dot(direction, image)
        if not math.isfinite(curvature):
            status = CGStatus.NOT_FINITE
            break
        if curvature <= 0.0:
            status = CGStatus.NEGATIVE_CURVATURE
            break
        length = squared / curvature
        x = axpy(length, direction, x)
        residual = axpy(-length, image, residual)
        previous, squared = squared, dot(residual, residual)
        iterations += 1
        energy = _energy(x, rhs, residual)
        if not math.isfinite(energy + squared):
            status = CGStatus.NOT_FINITE
            break
        if energy <= best_energy:
            best, best_energy, best_squared = x, energy, squared
        if math.sqrt(squared) <= tolerance * rhs_norm:
            status = CGStatus.CONVERGED
            break
        direction = axpy(squared / previous, direction, residual)

    if iterations == 0:
        return CGResult(scale(1.0, rhs), status, 0, 1.0, damping)
    return CGResult(best, status, iterations, math.sqrt(best_squared) / rhs_norm, damping)


def _energy(x: Parameters, rhs: Parameters, residual: Parameters) -> float:
    """x'Mx / 2 - b'x = -x'(b + r) / 2, from Mx = b - r."""
    return -0.5 * (dot(x, rhs) + dot(x, residual))
