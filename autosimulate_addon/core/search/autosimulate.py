"""AutoSimulate: psi follows the hypergradient of the validation loss, and knows how noisy it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import torch

from ..hypergradient.estimate import average
from ..hypergradient.options import EstimatorOptions
from ..psi import Psi
from ..randomness import derive_seed, member_seed
from .base import Search, trust_region
from .brightness import match_brightness
from .method import Context, Outcome

#: The status of the first iteration where renders were far from the photographs' brightness; its details say by how
#: many "stops", and whether lights could be "matched".
BRIGHTNESS = "brightness"


@dataclass(frozen=True)
class StepOptions:
    """How far psi goes. The gradient comes in whitened coordinates, so a plain step is the natural-gradient one."""

    step_size: float = 4.0
    momentum: float = 0.5         # of the moving average over iterations
    shrinkage: bool = True        # each coordinate by z^2 / (1 + z^2), z its signal over its noise
    kl: float = 0.5               # nats, the most psi may move in one iteration
    annealing: float = 0.8        # the step falls to 1 - this at the end
    scale_step: float = 2.0      # x the step of spreads: from a wide start they are most of the way to go
    warmup: int = 2               # iterations that only train: an untrained network's gradients say nothing


@dataclass(frozen=True)
class AutoSimulateOptions:
    """How the gradient is estimated, how far psi goes, and whether lights are first matched to the photographs'."""

    estimator: EstimatorOptions = field(default_factory=EstimatorOptions)
    step: StepOptions = field(default_factory=StepOptions)
    match_brightness: bool = True


class AutoSimulate(Search):
    """Algorithm 1 with the hybrid estimator, momentum, shrinkage and a trust region."""

    averages = True

    def __init__(self, start: Psi, options: AutoSimulateOptions) -> None:
        super().__init__(start)
        self.options, self.step = options, options.step
        self.momentum = torch.zeros(start.size, dtype=torch.float64)
        self.steps = 0

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        return cls(start, AutoSimulateOptions(settings.estimator_options, settings.step, settings.match_brightness))

    def before_training(self, context: Context) -> Outcome | None:
        if context.iteration == 0 and self.options.match_brightness and (matched := self._match_brightness(context)):
            return matched
        if context.iteration < self.step.warmup:
            return None
        found = average([
            learner.estimate(context.store, context.batch, context.psi, context.validation, self.options.estimator,
                             member_seed(context.seed, "network", index))
            for index, learner in enumerate(context.ensemble)])
        details = {"derivative": found.derivative, "effective": found.effective, "replayed": len(found.index),
                   "cg_iterations": found.direction.iterations, "cg_residual": found.direction.relative_residual}
        if not (found.direction.usable and bool(torch.isfinite(found.gradient).all())):
            return Outcome("not_finite", details)         # psi stays: a step along noise would be worse
        self.move(trust_region(context.psi, self._step(found.gradient, found.variance, context.progress),
                               self.step.kl))
        return Outcome(found.direction.status, details)

    def _match_brightness(self, context: Context) -> Outcome | None:
        found = match_brightness(context.store, context.batch, context.psi, context.validation.images,
                                 derive_seed(context.seed, "brightness"))
        self.psi = found.psi        # and not into the history, of which the last part is averaged
        details = {"stops": found.stops, "matched": found.psi is not context.psi}
        return Outcome(BRIGHTNESS, details) if found.far else None

    def _step(self, gradient: torch.Tensor, variance: torch.Tensor, progress: float) -> torch.Tensor:
        beta = self.step.momentum
        self.steps += 1
        self.momentum = beta * self.momentum + (1 - beta) * gradient
        mean = self.momentum / (1 - beta**self.steps)
        u = self.step.step_size * (1 - self.step.annealing * progress) * mean
        if self.step.shrinkage:
            z2 = mean.square() / (variance * (1 - beta) / (1 + beta) + 1e-12)
            u = u * z2 / (1 + z2)
        return torch.where(self.start.is_scale, self.step.scale_step * u, u)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "momentum": self.momentum, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.momentum, self.steps = state["momentum"], state["steps"]
