"""The hybrid estimator of the hypergradient: pathwise where images need no new render, score function elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..psi import Psi
from ..randomness import derive_seed
from ..renders import RenderStore
from ..tasks.task import Task, mean_loss_of
from .chunks import images_at_once
from .direction import Direction, direction
from .directional_derivative import FINITE_DIFFERENCE
from .parameters import Parameters, axpy, combine, scale, trainable_parameters
from .pathwise import less_luck, relight, relightable, relit_derivatives
from .products import gauss_newton_product, gradient, hessian_product
from .score_function import leave_one_out, score_terms, spread


@dataclass(frozen=True)
class EstimatorOptions:
    """Every lever can be taken away alone.

    The counts are per network and iteration. 128 renders scored close 82 % of the loss gap on the stand-in; 24 close 73 %,
    in two thirds of the time.
    """

    approximation: str = "quadratic"
    curvature: str = "ggn"              # or "hessian"
    damping: float = 0.0
    relative_damping: float = 0.01      # x g'Cg / g'g
    iterations: int = 6                 # of conjugate gradients
    curvature_images: int = 16          # of the fresh ones, for C
    derivative: str = FINITE_DIFFERENCE  # of the losses along v, or "forward-mode": exact, twice the time
    pathwise: bool = True               # False: the score function for every factor
    relights: int = 2                   # M, fresh lights and films per render, for pathwise gradients
    control_variates: bool = True       # for pathwise gradients, from the scores of the same draws
    relit: int = 32                     # at most so many renders are differentiated by their lights and film
    scored: int = 128                   # renders: the fresh, filled up with past ones at the present theta; 0: the fresh
    truncation: float = 4.0             # of importance weights
    least_effective: float = 1.0        # x the fresh renders: below this many effective samples only those count
    baseline: bool = True               # leave-one-out
    clip: float = 3.0                   # of z-scores of w; twice that for pathwise terms
    metric_weight: float = 0.5          # x (1 - soft metric) joins the validation loss that psi is to lower
    relative: bool = True               # of the log of each image's loss: hard images do not drown out the others
    object_credit: bool = True          # v . grad l inside an object's mask goes to that object's own draws
    validation_images: int = 0          # 0: all of them, else so many, chosen anew every iteration and by network


@dataclass(frozen=True)
class Estimate:
    """Of the direction in which psi lowers the validation loss, in whitened coordinates and units of w's spread."""

    gradient: Tensor          # (P,) float64: ascend it
    variance: Tensor          # (P,) of ``gradient``
    effective: float          # samples it is worth
    direction: Direction
    derivative: str           # how w was found: "finite-difference" or "forward-mode"
    w: Tensor                 # (n,) of the renders ``index``
    index: Tensor


@dataclass(frozen=True)
class Validation:
    """Real images (N, 3, H, W) float in [0, 1] and the task's targets (N, ...) for them, on the device."""

    images: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def choose(self, count: int, seed: int) -> Validation:
        """``count`` of them (0: all)."""
        if not 0 < count < len(self):
            return self
        index = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:count]
        index = index.to(self.images.device)
        return Validation(self.images[index], self.targets[index])


def validation_gradient(task: Task, network: nn.Module, parameters: Parameters,
                        validation: Validation, chunk: int | None = None, metric_weight: float = 0.0) -> Parameters:
    """g_val, the gradient of the task's objective over the validation images (see ``Task.objective``)."""
    chunk = chunk or images_at_once(*validation.images.shape[-2:])
    parts = list(zip(validation.images.split(chunk), validation.targets.split(chunk), strict=True))
    share = task.objective(((network(x), y) for x, y in parts), len(validation), metric_weight)

    found = None
    for x, y in parts:
        part = gradient(_share_of(share, _outputs(network, x), y), parameters)
        found = part if found is None else axpy(1.0, part, found)
    return found


def _share_of(share, outputs, targets: Tensor):
    return lambda theta: share(outputs(theta), targets)


def training_curvature(task: Task, network: nn.Module, parameters: Parameters, images: Tensor,
                       labels: Tensor, curvature: str, chunk: int | None = None):
    """v -> C v of the mean sample loss over these images, with C the "ggn" or the "hessian"."""
    products = []
    chunk = chunk or images_at_once(*images.shape[-2:])
    for x, y in zip(images.split(chunk), labels.split(chunk), strict=True):
        if curvature == "ggn":
            product = gauss_newton_product(_outputs(network, x), _curvature(task, y), parameters,
                                           keep_graph=len(images) <= chunk)
        elif curvature == "hessian":
            product = hessian_product(mean_loss_of(task, network, x, y), parameters)
        else:
            raise ValueError(f"Unknown curvature {curvature!r}; it is ggn or hessian")
        products.append((len(x) / len(images), product))
    return lambda v: combine(lambda *parts: sum(parts), *[scale(share, product(v)) for share, product in products])


def _outputs(network: nn.Module, images: Tensor):
    return lambda parameters: functional_call(network, parameters, (images,))


def _curvature(task: Task, labels: Tensor):
    return lambda z, tangent: task.curvature(z, tangent, labels)


def find_direction(task: Task, network: nn.Module, images: Tensor, labels: Tensor, validation: Validation,
                   options: EstimatorOptions, seed: int) -> Direction:
    """v at the network's present weights, with these training images for the curvature."""
    network.eval()
    parameters = trainable_parameters(network)
    g = validation_gradient(task, network, parameters, validation.choose(options.validation_images, seed),
                            metric_weight=options.metric_weight)
    product = training_curvature(task, network, parameters, images, labels, options.curvature)
    return direction(options.approximation, g, product, damping=options.damping,
                     relative_damping=options.relative_damping, iterations=options.iterations)


def estimate(
    task: Task,
    network: nn.Module,
    store: RenderStore,
    fresh: Tensor,
    psi: Psi,
    validation: Validation,
    options: EstimatorOptions,
    seed: int,
) -> Estimate:
    """The hypergradient at ``psi``.

    ``fresh`` (K,): indices in ``store`` of the renders drawn from ``psi`` that the network has not been trained on:
    on images it has memorised, the gradient is near zero whatever the image.
    """
    keys = relightable(store) if options.pathwise else ()
    some = fresh[:options.curvature_images]
    images, _, _ = relight(store, some, psi, keys, derive_seed(seed, "curvature"))
    v = find_direction(task, network, images, store.targets(task, some), validation, options, seed)
    model = task, network, trainable_parameters(network), v.vector

    scored = _chosen(store, fresh, psi, keys, options, seed)
    relit = scored.thinned(options.relit, derive_seed(seed, "relit"))
    how = {"relative": options.relative, "method": options.derivative}
    by_light = relit_derivatives(*model, store, relit.index, psi, keys, relights=options.relights,
                                 seed=derive_seed(seed, "pathwise"), differentiate=True, **how) if keys else None
    if by_light and relit is scored:
        found = by_light        # one pass for both
    else:
        found = relit_derivatives(*model, store, scored.index, psi, keys, relights=1, seed=derive_seed(seed, "w"), **how)
    w = found.w
    unit = spread(w, scored.weights)
    terms = _score_terms(store, scored.index, psi, keys, found.parts, w, scored.weights, unit, options, task)
    mean, variance = scored.moments(terms)
    if by_light:
        terms = (by_light.gradients / unit).clamp(-2 * options.clip, 2 * options.clip)
        if options.control_variates:
            terms = less_luck(terms, by_light.scores, relit.weights, [psi.slices[key] for key in keys])
        of_lights = relit.moments(terms)
        mean, variance = mean + of_lights[0], variance + of_lights[1]       # each is 0 where the other is not
    return Estimate(mean, variance, scored.effective, v, found.method, w, scored.index)


def average(estimates: Sequence[Estimate]) -> Estimate:
    """The mean over networks that were trained on the same renders; all else is the first's."""
    usable = [each for each in estimates if each.direction.usable] or list(estimates[:1])
    return replace(usable[0], gradient=sum(each.gradient for each in usable) / len(usable),
                   variance=sum(each.variance for each in usable) / len(usable) ** 2)


@dataclass(frozen=True)
class _Sample:
    """Renders with normalised weights (n,), worth ``effective`` independent draws from psi."""

    index: Tensor
    weights: Tensor
    effective: float

    def moments(self, terms: Tensor) -> tuple[Tensor, Tensor]:
        """(mean of the terms (n, P), variance of that mean)."""
        mean = (self.weights[:, None] * terms).sum(0)
        return mean, (self.weights[:, None] * (terms - mean).square()).sum(0) / self.effective

    def thinned(self, count: int, seed: int) -> _Sample:
        """At most ``count`` of them by systematic resampling: each as often as its weight says, to within one."""
        if len(self.index) <= count:
            return self
        offset = torch.rand((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        steps = (torch.arange(count) + offset) / count
        drawn = torch.searchsorted(self.weights.cumsum(0), steps).clamp(max=len(self.index) - 1)
        chosen, times = drawn.unique(return_counts=True)
        weights = times.double() / count
        return _Sample(self.index[chosen], weights, min(self.effective, 1.0 / weights.square().sum().item()))


def _chosen(store: RenderStore, fresh: Tensor, psi: Psi, keys: tuple[str, ...], options: EstimatorOptions,
            seed: int) -> _Sample:
    """The renders to take w of: all so far as draws from psi in the factors that were rendered, or the fresh alone.

    Past renders fill up where the fresh are fewer than ``options.scored``.
    """
    alone = _Sample(fresh, torch.full((len(fresh),), 1.0 / len(fresh), dtype=torch.float64), float(len(fresh)))
    if len(fresh) >= options.scored or len(store) == len(fresh):
        return alone
    rendered = [factor.key for factor in store.factors if factor.key not in keys]
    weights, effective = store.importance_weights(psi, rendered, options.truncation)
    if effective < options.least_effective * len(fresh):
        return alone
    return _Sample(torch.arange(len(store)), weights, effective).thinned(options.scored, derive_seed(seed, "scored"))


def _score_terms(store: RenderStore, index: Tensor, psi: Psi, keys: tuple[str, ...], parts: Tensor, w: Tensor,
                 weights: Tensor, unit: float, options: EstimatorOptions, task: Task) -> Tensor:
    """(n, P): the terms of all factors that are not pathwise; 0 in the others' columns."""
    draws = {key: values[index] for key, values in store.draws.items()}
    factors = [factor for factor in store.factors if factor.key not in keys]
    owned = [f for f in factors if options.object_credit and len(f.owners) == f.count]
    whole = [f.key for f in factors if f not in owned]
    terms = score_terms(psi.score(draws, whole), _advantages(w, weights, unit, options))
    if owned:
        instances = store.instances[index.to(store.device)].cpu().long()
        count = max(int(instances.max()), *(max(f.owners) for f in owned)) + 1
        credit = task.credit(parts, instances, count)
        for factor in owned:
            advantages = _advantages(credit[:, list(factor.owners)], weights, unit, options)
            terms[:, psi.slices[factor.key]] = score_terms(psi.score_of_values(factor.key, draws), advantages)
    return terms


def _advantages(w: Tensor, weights: Tensor, unit: float, options: EstimatorOptions) -> Tensor:
    """w (n, ...) over its ``unit``, less its baseline, clipped at ``clip`` of its own standard deviations."""
    own = spread(w, weights)
    centred = leave_one_out(w, weights) if options.baseline else w
    return centred.clamp(-options.clip * own, options.clip * own) / unit
