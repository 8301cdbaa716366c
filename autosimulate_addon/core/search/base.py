"""What the search methods share: doing nothing where they have nothing to do, and the history of psi."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from ..psi import Psi
from ..tasks.task import Scores
from .method import Context, Outcome

#: psi delivered is the mean over this last part of the steps: its noise averages out.
AVERAGED = 0.3


class Search:
    """A method that leaves psi where it is; the others build on it."""

    trains_afresh = False

    def __init__(self, start: Psi) -> None:
        self.start = self.psi = start
        self.history: list[Psi] = []        # psi after every step

    def before_training(self, context: Context) -> Outcome | None:
        return None

    def after_training(self, context: Context) -> Outcome | None:
        return None

    def observe(self, context: Context, scores: Scores) -> None:
        return None

    def final(self) -> Psi:
        return average(self.history) if self.history else self.psi

    def move(self, psi: Psi) -> None:
        self.psi = psi
        self.history.append(psi)

    def state_dict(self) -> dict[str, Any]:
        return {"psi": self.psi.flat(), "history": [psi.flat() for psi in self.history]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.psi = self.start.with_flat(state["psi"])
        self.history = [self.start.with_flat(flat) for flat in state["history"]]


def average(history: list[Psi], part: float = AVERAGED) -> Psi:
    """The mean of the last ``part`` of a history, at least of its last psi."""
    return Psi.average(history[-max(1, int(part * len(history))):])


def trust_region(psi: Psi, u: Tensor, kl: float) -> Psi:
    """psi moved by u (P,), shortened until KL(new || old) <= ``kl`` nats.

    In whitened coordinates KL is u.u / 2 to second order; what that misses is halved away.
    """
    u = u * min(1.0, math.sqrt(2.0 * kl) / max(u.norm().item(), 1e-12))
    for _ in range(20):
        new = psi.step(u)
        if new.kl(psi) <= 1.5 * kl:
            return new
        u = 0.7 * u
    return psi
