"""What the loop and the hypergradient ask of a learner: theta, how it is fitted, and what it predicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from ..hypergradient.estimate import Estimate
from ..hypergradient.model import Model
from ..hypergradient.options import EstimatorOptions
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..renders import RenderStore
from ..tasks.task import Scores


@dataclass(frozen=True)
class Training:
    """One fit: on which renders, under lights and film from which psi, and from which weights."""

    psi: Psi
    rows: Tensor                  # (n,) renders of the store to train on
    steps: int                    # batches
    from_scratch: bool = False    # new weights, and a learning rate that falls to 0 over the steps
    rate: float = 1.0             # x the usual learning rate, where the weights are new
    validation: Validation | None = None    # real images by which a learner chooses what training cannot tell (its l2)


@dataclass(frozen=True)
class Photographs:
    """Labelled real images that a learner is trained on beside the renders.

    ``share`` of the loss is theirs, whatever their number: 1/2, or 1 where renders are left out.
    """

    data: Validation
    share: float = 0.5


class Learner(Model, Protocol):
    """theta-hat(psi). All its randomness comes from the seeds it is given; its state is plain Python and tensors."""

    photographs: Photographs | None     # trained on beside the renders; set before the first fit
    unique: bool                  # theta-hat depends on the renders alone, not on a seed: two learners say the same

    def fit(self, store: RenderStore, training: Training, seed: int,
            progress: Callable[[float], None] = lambda fraction: None) -> None:
        """theta <- theta-hat: trains on renders of ``store``; ``progress`` hears the fraction that is done."""

    def estimate(self, store: RenderStore, batch: Tensor, psi: Psi, validation: Validation, options: EstimatorOptions,
                 seed: int) -> Estimate:
        """The hypergradient at ``psi``. ``batch`` (K,) are the renders of it that this learner was not fitted to."""

    def predict(self, data: Validation, rows: Tensor) -> Tensor:
        """The outputs for the images ``rows`` (n,) of ``data``; what does not depend on theta is computed once."""

    def evaluate(self, data: Validation) -> Scores: ...

    def module(self) -> nn.Module:
        """Images (K, 3, H, W) in [0, 1] -> the outputs at the present theta: what a person takes home."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...
