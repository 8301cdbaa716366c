"""What the loop asks of a search method, and what the methods share: the history of psi."""

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
    """Owns psi. One iteration: draw from ``psi``, ``before_training``, ``training``, validation, ``after_training``.

    Deterministic given its arguments, and resumable from its ``state_dict`` (plain Python and tensors). This one
    leaves psi where it is; the others build on it.
    """

    retrains = False        # every iteration trains new weights, on this iteration's renders alone
    settled = False         # the training changes psi no more: the next images may be rendered during it
    averages = False        # a hypergradient, over an ensemble: only then is there a use for several networks
    trains = True           # and scores the ensemble in every iteration; else no network is asked

    def __init__(self, start: Psi) -> None:
        self.start = self.psi = start       # ``psi``: to draw the next images from
        self.history: list[Psi] = []        # psi after every step

    @property
    def over(self) -> bool:
        """Whether nothing more is to be learned: the run ends before its last iteration."""
        return False

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        """The method with its options taken from ``settings``, a ``LoopConfig``."""
        return cls(start)

    def before_training(self, context: Context) -> Outcome | None:
        """This iteration's renders are there; the networks have not been trained on them."""
        return None

    def training(self, context: Context, steps: int) -> Training:
        """What the learners are fitted to in this iteration, with so many steps.

        Goes on with the weights as they are, on all renders so far; or starts anew, on this iteration's.
        """
        if self.retrains:
            return Training(context.psi, context.batch, steps, from_scratch=True, validation=context.validation)
        return Training(self.psi, torch.arange(len(context.store)), steps, validation=context.validation)

    def after_training(self, context: Context, scores: Scores) -> Outcome | None:
        """The networks were trained, and the first was scored on the validation images."""
        return None

    def recommend(self) -> Psi:
        """What the method delivers."""
        return average(self.history) if self.history else self.psi

    def move(self, psi: Psi) -> None:
        """A step, which counts in the mean that is delivered."""
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
