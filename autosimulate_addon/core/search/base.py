"""What the search methods share: doing nothing where they have nothing to do, and the history of psi."""

from __future__ import annotations

from typing import Any, Self

import torch

from ..learners import Training
from ..psi import Psi
from ..tasks import Scores
from .method import Context, Outcome

#: psi delivered is the mean over this last part of the steps: its noise averages out.
AVERAGED = 0.3


class Search:
    """A method that leaves psi where it is; the others build on it."""

    retrains = False
    settled = False         # psi is known before the training, and the next images may be rendered during it
    averages = False        # a hypergradient, over an ensemble: only then is there a use for several networks
    trains = True           # and scores the ensemble in every iteration

    def __init__(self, start: Psi) -> None:
        self.start = self.psi = start
        self.history: list[Psi] = []        # psi after every step

    @property
    def over(self) -> bool:
        """Whether nothing more is to be learned."""
        return False

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        """The method with its options taken from ``settings``, a ``LoopConfig``."""
        return cls(start)

    def before_training(self, context: Context) -> Outcome | None:
        return None

    def training(self, context: Context, steps: int) -> Training:
        """Goes on with the weights as they are, on all renders so far; or starts anew, on this iteration's."""
        if self.retrains:
            return Training(context.psi, context.batch, steps, from_scratch=True, validation=context.validation)
        return Training(self.psi, torch.arange(len(context.store)), steps, validation=context.validation)

    def after_training(self, context: Context, scores: Scores) -> Outcome | None:
        return None

    def recommend(self) -> Psi:
        return average(self.history) if self.history else self.psi

    def move(self, psi: Psi) -> None:
        self.psi = psi
        self.history.append(psi)

    def state_dict(self) -> dict[str, Any]:
        return {"psi": self.psi.phi, "history": [psi.phi for psi in self.history]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.psi = self.start.with_phi(state["psi"])
        self.history = [self.start.with_phi(phi) for phi in state["history"]]


def average(history: list[Psi], part: float = AVERAGED) -> Psi:
    """The mean of the last ``part`` of a history, at least of its last psi."""
    return Psi.average(history[-max(1, int(part * len(history))):])
