"""What the loop asks of a search method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from ..hypergradient.validation import Validation
from ..learners import Learner, Training
from ..psi import Psi
from ..renders import RenderStore
from ..tasks import Scores, Task


@dataclass(frozen=True)
class Context:
    """Where a run stands when a search method is asked."""

    iteration: int
    progress: float               # fraction of the iterations that are behind us
    seed: int                     # of this iteration
    task: Task
    ensemble: tuple[Learner, ...]     # trained on the same renders from different weights; the first one is scored
    store: RenderStore            # all renders so far
    batch: Tensor                 # (K,) this iteration's rows of it
    psi: Psi                      # that they were drawn from
    validation: Validation
    last: bool = False            # no iteration follows
    #: Called with the fraction of a long piece of the method's own work; raises Cancelled where it is to stop.
    report: Callable[[float], None] = lambda fraction: None


@dataclass(frozen=True)
class Outcome:
    """What a method did, for the log: ``status`` is one word (of the solver, or "exact"), ``details`` numbers."""

    status: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class SearchMethod(Protocol):
    """Owns psi. One iteration: draw from ``psi``, ``before_training``, ``training``, validation, ``after_training``.

    Deterministic given its arguments, and resumable from its ``state_dict`` (plain Python and tensors).
    """

    psi: Psi                      # to draw the next images from
    retrains: bool                # every iteration trains new weights, on this iteration's renders alone
    settled: bool                 # the training changes psi no more: the next images may be rendered during it
    trains: bool                  # and scores the ensemble in every iteration; else no network is asked

    @property
    def over(self) -> bool:
        """Whether nothing more is to be learned: the run ends before its last iteration."""

    def before_training(self, context: Context) -> Outcome | None:
        """This iteration's renders are there; the networks have not been trained on them."""

    def training(self, context: Context, steps: int) -> Training:
        """What the learners are fitted to in this iteration, with so many steps."""

    def after_training(self, context: Context, scores: Scores) -> Outcome | None:
        """The networks were trained, and the first was scored on the validation images."""

    def recommend(self) -> Psi:
        """What the method delivers."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
