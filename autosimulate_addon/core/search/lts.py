"""Learning to Simulate (Ruiz et al., ICLR 2019): REINFORCE on the validation metric after training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..psi import Psi
from ..tasks import Scores
from ..trust_region import trust_region
from .base import Search
from .method import Context

#: Of the moving averages of the reward and of its square.
MEMORY = 0.7


@dataclass(frozen=True)
class LearningToSimulateOptions:
    """alpha, and the most that psi may move in one iteration in nats."""

    step_size: float = 0.2
    kl: float = 0.2


class LearningToSimulate(Search):
    """Each iteration is a trial: a data set from q_psi, a network trained on it, its validation metric the reward R.

    psi <- psi + alpha * (R - b) / sd(R) * sum_k grad_psi log q_psi(s_k) / sqrt(K), in whitened coordinates, where
    that sum has unit variance; b is the moving average of past rewards.
    """

    retrains = True

    def __init__(self, start: Psi, options: LearningToSimulateOptions = LearningToSimulateOptions()) -> None:
        super().__init__(start)
        self.options = options
        self.rewards: list[float] = []

    def after_training(self, context: Context, scores: Scores) -> None:
        reward = 0.0 if math.isnan(scores.metric) else scores.metric
        self.rewards.append(reward)
        if len(self.rewards) < 2:
            return
        weights = [MEMORY**age for age in range(len(self.rewards) - 1)]
        past = self.rewards[-2::-1]
        baseline = sum(w * r for w, r in zip(weights, past, strict=True)) / sum(weights)
        mean = sum(self.rewards) / len(self.rewards)
        deviation = math.sqrt(sum((r - mean) ** 2 for r in self.rewards) / len(self.rewards)) + 1e-6
        draws = {key: values[context.batch] for key, values in context.store.draws.items()}
        direction = context.psi.score(draws).sum(0) / math.sqrt(len(context.batch))
        self.move(trust_region(context.psi, self.options.step_size * (reward - baseline) / deviation * direction,
                               self.options.kl))

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "rewards": list(self.rewards)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.rewards = list(state["rewards"])
