"""What the loop and the hypergradient ask of a learner: theta, how it is fitted, and what it predicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from ..hypergradient.validation import Validation
from ..psi import Psi
from ..renders import RenderStore
from ..tasks.task import Parameters, Scores


@dataclass(frozen=True)
class Training:
    """One fit: on which renders, under lights and film from which psi, and from which weights."""

    psi: Psi
    rows: Tensor                  # (n,) renders of the store to train on
    steps: int                    # batches
    from_scratch: bool = False    # new weights, and a learning rate that falls to 0 over the steps
    rate: float = 1.0             # x the usual learning rate, where the weights are new


class Learner(Protocol):
    """theta-hat(psi). All its randomness comes from the seeds it is given; its state is plain Python and tensors."""

    network: nn.Module            # its trainable parameters are theta; the hypergradient differentiates through it

    @property
    def theta(self) -> Parameters:
        """The trainable parameters by name, detached."""

    def outputs(self, theta: Parameters, images: Tensor) -> Tensor:
        """(K, channels, H, W) for images (K, 3, H, W) in [0, 1]; differentiable in theta."""

    def fit(self, store: RenderStore, training: Training, seed: int,
            progress: Callable[[float], None] = lambda fraction: None) -> None:
        """theta <- theta-hat: trains on renders of ``store``; ``progress`` hears the fraction that is done."""

    def evaluate(self, data: Validation) -> Scores: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
