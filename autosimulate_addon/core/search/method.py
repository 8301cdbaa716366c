"""What the loop asks of a search method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from ..hypergradient.estimator import Validation
from ..psi import Psi
from ..renders import RenderStore
from ..tasks.task import Scores, Task


@dataclass(frozen=True)
class Context:
    """Where a run stands when a search method is asked."""

    iteration: int
    progress: float               # fraction of the iterations that are behind us
    seed: int                     # of this iteration
    task: Task
    network: nn.Module
    store: RenderStore            # all renders so far
    fresh: Tensor                 # (K,) indices in it of this iteration's
    psi: Psi                      # that they were drawn from
    validation: Validation
    companions: tuple[nn.Module, ...] = ()      # other networks, trained on the same renders from other starts


@dataclass(frozen=True)
class Outcome:
    """What a method did, for the log: ``status`` is one word (of the solver, or "exact"), ``details`` numbers."""

    status: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class SearchMethod(Protocol):
    """Owns psi. One iteration: draw from ``psi``, ``before_training``, training, ``after_training``, validation,
    ``observe``. Deterministic given its arguments, and resumable from its ``state_dict`` (plain Python and tensors).
    """

    psi: Psi                      # to draw the next images from
    trains_afresh: bool           # every iteration is a trial: a new network, trained on this iteration's images alone

    def before_training(self, context: Context) -> Outcome | None:
        """The fresh images are rendered; the network has not seen them."""

    def after_training(self, context: Context) -> Outcome | None: ...

    def observe(self, context: Context, scores: Scores) -> None:
        """The network was scored on the validation images."""

    def final(self) -> Psi:
        """What the method delivers."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
