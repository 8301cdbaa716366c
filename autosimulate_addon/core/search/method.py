"""What the loop tells a search method, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..hypergradient.validation import Validation
from ..learners import Learner
from ..psi import Psi
from ..renders import RenderStore
from ..tasks import Task


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
