"""The least loss that one temperature and one bias for each class can make of logits.

    L(z) = min over T, b of sum_i w_i CE(T z_i + b, y_i) + RIDGE |b|^2,   b = 0 for class 0

A loss of photographs is lowered most easily by predicting less, where a learner is unsure; calibrated first, what is
left is whether it tells the classes apart. The problem is convex in (T, b), C numbers (the same in all biases changes
nothing): Newton's method, damped, solves it to the end. By the envelope theorem the gradient of L in whatever z depends
on is that of the sum with T and b held.

Guo et al., On Calibration of Modern Neural Networks, ICML 2017 (temperature, biases).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

#: Keeps the bias of a class that never occurs finite.
RIDGE = 1e-6
#: The least temperature: below, the logits would count against what they say.
LEAST_TEMPERATURE = 1e-2
_MOST_STEPS = 100
#: Of Levenberg's; a step with more is none.
_MOST_DAMPING = 1e8

#: Pixels of some images: logits (C, n), class ids (n,), weights (n,).
Pixels = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Calibration:
    """``temperature`` multiplies logits, ``bias`` (C,) float64 is added: constants, without a graph."""

    temperature: float
    bias: Tensor

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits with the C classes in dimension 1."""
        bias = self.bias.to(logits).reshape(1, -1, *[1] * (logits.ndim - 2))
        return self.temperature * logits + bias


@torch.no_grad()
def calibrate(pixels: Iterable[Pixels]) -> Calibration:
    """The best calibration for these pixels, which are looked at anew in every step.

    Deterministic. Pixels whose logits are not finite leave the logits as they are.
    """
    pixels = list(pixels)
    x = _least(_first(pixels), lambda x: _derivatives(pixels, x), _least_gain(pixels[0][0]))
    if x is None:
        return Calibration(1.0, torch.zeros(len(pixels[0][0]), dtype=torch.float64))
    return Calibration(float(x[0]), torch.cat([torch.zeros_like(x[:1]), x[1:]]))


@torch.no_grad()
def calibrate_logistic(z: Tensor, labels: Tensor, weights: Tensor) -> Calibration:
    """The same for logits (n,) of one class against none, with labels (n,) bool: its ``bias`` is (1,), of that class.

    As ``calibrate`` of (0, z), at a tenth of the cost.
    """
    first = _first([(torch.stack([0 * z, z]), labels.long(), weights)])
    # The few numbers of a class are worth float64: in float32 the last steps only look for what its sums cannot tell.
    z, weights = (each.cpu().double() for each in (z, weights))
    x = _least(first, lambda x: _logistic_derivatives(z, labels.to(z), weights, x), _least_gain(z))
    return Calibration(1.0, torch.zeros_like(first[1:])) if x is None else Calibration(float(x[0]), x[1:])


def _least_gain(logits: Tensor) -> float:
    """A step that lowers the loss by less is the last: sums of terms in float32 tell no more."""
    return 1e-13 if logits.dtype == torch.float64 else 1e-9


def _least(x: Tensor, derivatives: Callable[[Tensor], tuple[float, Tensor, Tensor]], least_gain: float
           ) -> Tensor | None:
    """The x = (T, b) of the least loss, from loss, gradient and Hessian at any; None where they are not finite."""
    loss, gradient, hessian = derivatives(x)
    damping = 1e-3
    for _ in range(_MOST_STEPS):
        if not bool(torch.isfinite(gradient).all()):
            return None
        free = torch.ones(len(x), dtype=torch.bool)
        free[0] = not (x[0] <= LEAST_TEMPERATURE and gradient[0] > 0)
        damped = hessian + damping * torch.diag(hessian.diagonal())
        step = torch.zeros_like(x)
        step[free] = -torch.linalg.solve(damped[free][:, free], gradient[free])
        new = x + step
        new[0] = new[0].clamp(min=LEAST_TEMPERATURE)
        if -float(step @ gradient) <= least_gain * max(1.0, abs(loss)):
            return new          # Newton's last step: nearer still, and there is nothing left to look at
        found = derivatives(new)
        if found[0] <= loss + 1e-4 * float((new - x) @ gradient):
            x, (loss, gradient, hessian), damping = new, found, 0.1 * damping
        elif damping > _MOST_DAMPING:
            break               # as low as the sums can tell
        else:
            damping *= 10.0
    return x


def _first(pixels: list[Pixels]) -> Tensor:
    """(T, b) to begin with: logits that say little, so that the Hessian knows of every pixel, and the classes' shares.

    Where logits are far apart most pixels are certain, right or wrong, and Newton's first steps go astray.
    """
    shares, spread, total = torch.zeros(len(pixels[0][0]), dtype=torch.float64), 0.0, 0.0
    for logits, labels, weights in pixels:
        shares += _by_class(labels, weights, len(shares))
        spread += float((weights * logits.var(0)).double().sum())
        total += float(weights.double().sum())
    bias = (shares.clamp(min=1e-6 * total) / max(total, 1e-30)).log() if total else shares
    scale = (spread / max(total, 1e-30)) ** 0.5
    temperature = 0.1 / scale if scale > 0 else 1.0
    return torch.cat([torch.tensor([min(max(temperature, LEAST_TEMPERATURE), 1.0)], dtype=torch.float64),
                      bias[1:] - bias[0]])


def _by_class(labels: Tensor, weights: Tensor, classes: int) -> Tensor:
    """(C,) float64: the sum of the weights of each class's pixels. (On the CPU, where it is deterministic.)"""
    return torch.bincount(labels.cpu(), weights.cpu().double(), classes)


def _derivatives(pixels: list[Pixels], x: Tensor) -> tuple[float, Tensor, Tensor]:
    """(the loss, its gradient, its Hessian) in x = (T, b), b of the classes from 1 on."""
    loss, gradient = RIDGE * float(x[1:].square().sum()), 2 * RIDGE * x
    hessian = torch.full_like(x, 2 * RIDGE).diag()
    gradient[0], hessian[0, 0] = 0.0, 1e-12
    for logits, labels, weights in pixels:
        log_p = (x[0].to(logits) * logits + F.pad(x[1:], (1, 0)).to(logits)[:, None]).log_softmax(0)
        own, z = (each.gather(0, labels[None])[0] for each in (log_p, logits))
        p = log_p.exp_()
        weighted = weights * p
        mean = (p * logits).sum(0)                                      # of z under p
        by_z = weighted * logits
        exact = weights.double()
        loss -= float(exact @ own.double())
        gradient[0] += float(exact @ (mean - z).double())
        shares = weighted[1:].sum(1).double().cpu()
        gradient[1:] += shares - _by_class(labels, weights, len(p))[1:]
        hessian[0, 0] += float((by_z * logits).sum().double() - exact @ mean.double().square())
        cross = (by_z[1:].sum(1) - weighted[1:] @ mean).double().cpu()
        hessian[0, 1:] += cross
        hessian[1:, 0] += cross
        hessian[1:, 1:] += shares.diag() - (p[1:] @ weighted[1:].T).double().cpu()
    return loss, gradient, hessian


def _logistic_derivatives(z: Tensor, labels: Tensor, weights: Tensor, x: Tensor) -> tuple[float, Tensor, Tensor]:
    """As ``_derivatives``, of one class against none, in float64 on the CPU."""
    scaled = x[0] * z + x[1]
    p = scaled.sigmoid()
    loss = float(weights @ (F.softplus(scaled) - labels * scaled)) + RIDGE * float(x[1].square())
    error, curvature = weights * (p - labels), weights * p * (1 - p)
    gradient = torch.stack([error @ z, error.sum() + 2 * RIDGE * x[1]])
    by_both = curvature * z
    hessian = torch.stack([by_both @ z + 1e-12, by_both.sum(), by_both.sum(), curvature.sum() + 2 * RIDGE])
    return loss, gradient, hessian.reshape(2, 2)
