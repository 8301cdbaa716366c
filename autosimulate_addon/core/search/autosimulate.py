"""AutoSimulate: psi follows the hypergradient of the validation loss, and knows how noisy it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch

from ..hypergradient.estimate import average
from ..hypergradient.options import EstimatorOptions
from ..psi import Psi
from ..randomness import member_seed
from ..trust_region import trust_region
from .base import Search
from .evidence import weigh
from .match import MatchStage
from .method import Context, Outcome

#: Matching takes this part of the iterations at most: what it leaves is for the hypergradient.
MATCHING = 0.25
#: The status of an iteration in which no coordinate stood out of its noise: psi stayed where it was.
QUIET = "quiet"


@dataclass(frozen=True)
class StepOptions:
    """How far psi goes. The gradient comes in whitened coordinates, so a plain step is the natural-gradient one."""

    step_size: float = 4.0
    momentum: float = 0.5         # of the moving average over iterations
    shrinkage: bool = True        # each coordinate by z^2 / (1 + z^2), z its signal over its noise
    kl: float = 0.5               # nats, the most psi may move in one iteration
    annealing: float = 0.8        # the step falls to 1 - this at the end
    scale_step: float = 2.0      # x the step of spreads: from a wide start they are most of the way to go
    evidence: bool = False        # what stands out of its noise moves, by itself or with all others; no momentum
    patience: int = 3             # quiet iterations in a row after which such a run ends
    warmup: int = 2               # iterations that only train: an untrained network's gradients say nothing


@dataclass(frozen=True)
class AutoSimulateOptions:
    """How the gradient is estimated, and how far psi goes."""

    estimator: EstimatorOptions = field(default_factory=EstimatorOptions)
    step: StepOptions = field(default_factory=StepOptions)


class AutoSimulate(Search):
    """Algorithm 1 with the hybrid estimator, momentum, shrinkage and a trust region; the photographs matched first."""

    averages = True
    settled = True

    def __init__(self, start: Psi, options: AutoSimulateOptions, matching: MatchStage | None = None) -> None:
        super().__init__(start)
        self.options, self.step, self.matching = options, options.step, matching
        self.momentum = torch.zeros(start.size, dtype=torch.float64)
        self.steps = 0
        self.quiet = 0          # iterations in a row in which psi stayed
        self.claimed = torch.zeros(start.size, dtype=torch.bool)        # what the hypergradient has spoken of by itself

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        return cls(start, AutoSimulateOptions(settings.estimator_options, settings.step_options),
                   MatchStage(settings) if settings.match else None)

    def before_training(self, context: Context) -> Outcome | None:
        outcome = self._match(context)
        if context.iteration < self.step.warmup or self.psi is not context.psi:
            return outcome
        found = average([
            learner.estimate(context.store, context.batch, context.psi, context.validation,
                             self._estimator(context, index), member_seed(context.seed, "network", index))
            for index, learner in enumerate(context.ensemble)])
        details = {"derivative": found.derivative, "effective": found.effective, "replayed": len(found.index),
                   "cg_iterations": found.direction.iterations, "cg_residual": found.direction.relative_residual}
        if not (found.direction.usable and bool(torch.isfinite(found.gradient).all())):
            return Outcome("not_finite", details)         # psi stays: a step along noise would be worse
        details["agreement"] = found.record(context.psi)
        if not self.step.evidence:
            self.move(trust_region(context.psi, self._step(found.gradient, found.variance, context.progress),
                                   self.step.kl))
            return Outcome(found.direction.status, details)
        evidence = weigh(found, ~context.psi.locked, context.psi.rests)
        moves = bool(evidence.gradient.any())
        details |= {"heard": int(evidence.heard.sum()), "loudest": evidence.loudest, "threshold": evidence.threshold,
                    "stays": not moves, "renders_needed": evidence.renders_needed()}
        psi = context.psi
        if moves:
            self.claimed = self.claimed | evidence.heard
            psi = trust_region(psi, self._scaled(evidence.gradient, context.progress), self.step.kl)
        psi, matched = self._match_rest(context, psi)
        if matched:
            details["matched"] = matched
        if psi is context.psi:
            self.quiet += 1
            return Outcome(QUIET, details)
        self.quiet = 0
        self.move(psi)
        return Outcome(found.direction.status, details)

    def _match_rest(self, context: Context, psi: Psi) -> tuple[Psi, dict[str, Any]]:
        """The photographs move what the hypergradient has never spoken of by itself; what they did, {} for nothing."""
        if self.matching is None:
            return psi, {}
        matched, outcome = self.matching.round(context, psi, self.claimed)
        return (psi, {}) if matched.nothing_left else (matched.psi, outcome.details)

    @property
    def over(self) -> bool:
        """Whether so many iterations heard nothing that more of them would not either."""
        return self.quiet >= self.step.patience

    def _estimator(self, context: Context, index: int) -> EstimatorOptions:
        """Halves are asked of the first network: where the step depends on them, and at the end, to say how sure it is.

        Every iteration would take a third longer.
        """
        asked = index == 0 and (self.step.evidence or context.last) and self._validates
        return replace(self.options.estimator, halves=True) if asked else self.options.estimator

    @property
    def _validates(self) -> bool:
        return self.options.estimator.approximation != "no-validation"

    def _match(self, context: Context) -> Outcome | None:
        """A round of matching while it is its turn: psi moves, or stays where the renders have nothing to say."""
        if self.matching is None or self.matching.over:
            return None
        if context.iteration > 0 and context.progress >= MATCHING:
            if not self.step.evidence:
                self.matching.end()
            return None
        matched, outcome = self.matching.round(context)
        if not matched.nothing_left:
            self.psi = matched.psi      # and not into the history, of which the last part is averaged
        return outcome

    def _step(self, gradient: torch.Tensor, variance: torch.Tensor, progress: float) -> torch.Tensor:
        beta = self.step.momentum
        self.steps += 1
        self.momentum = beta * self.momentum + (1 - beta) * gradient
        mean = self.momentum / (1 - beta**self.steps)
        if self.step.shrinkage:
            noise = variance * (1 - beta) / (1 + beta) + 1e-12
            for rest in self.start.rests:
                # All of them together, as James and Stein (1961): one by one some of the many are large by chance.
                mean = torch.where(rest, mean * (1 - noise[rest].sum() / mean[rest].square().sum()).clamp(min=0), mean)
            z2 = mean.square() / noise
            mean = mean * z2 / (1 + z2)
        return self._scaled(mean, progress)

    def _scaled(self, gradient: torch.Tensor, progress: float) -> torch.Tensor:
        u = self.step.step_size * (1 - self.step.annealing * progress) * gradient
        return torch.where(self.start.is_scale, self.step.scale_step * u, u)

    def state_dict(self) -> dict[str, Any]:
        matching = self.matching.state_dict() if self.matching else None
        return {**super().state_dict(), "momentum": self.momentum, "steps": self.steps, "matching": matching,
                "quiet": self.quiet, "claimed": self.claimed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.momentum, self.steps, self.quiet = state["momentum"], state["steps"], state["quiet"]
        self.claimed = torch.as_tensor(state.get("claimed", self.claimed))
        if self.matching:
            self.matching.load_state_dict(state["matching"])
