"""The second judge of a pool of renders: a network, trained until the validation photographs hear no more of it.

What the convex head says of a pool hangs on features that were frozen before; all of this network is trained. After
every few visits of the renders, each under a film of its own, it is asked how the calibrated loss on the validation
photographs stands; the state in which that was least is scored.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.evaluation import BATCH
from autosimulate_addon.core.features.encoder import STRIDE
from autosimulate_addon.core.hypergradient.validation import Validation
from autosimulate_addon.core.learners import Training, make_learner
from autosimulate_addon.core.learners.learner import Learner
from autosimulate_addon.core.randomness import derive_seed
from autosimulate_addon.core.renders import RenderStore

from .photographs_judge import Judge, Scores

#: Visits to every render between two looks at the photographs; looks without a better one after which it is flat; the
#: most visits.
EPOCHS, PATIENCE, MOST = 2, 2, 16


@dataclass(frozen=True)
class NetworkVerdict(Scores):
    """What a network says of a pool; ``curve``: the loss on val at every look."""

    epochs: int
    curve: str


class NetworkJudge:
    """Every pool trains the same first weights in the same order."""

    def __init__(self, classes: tuple[str, ...], val: Dataset, test: Dataset) -> None:
        self.by = Judge(classes, val, test)     # which knows the photographs, and how outputs are scored on them

    def judge(self, store: RenderStore) -> NetworkVerdict:
        config = LoopConfig(network="module", network_module=Path(__file__).with_name("photographs_unet.py"))
        learner = make_learner(config, self.by.task, derive_seed(0, "judge"))
        rows, best, curve = torch.arange(len(store)), None, []
        while EPOCHS * len(curve) < MOST:
            steps = round(EPOCHS * len(store) / config.batch_size)
            learner.fit(store, Training(store.psis[-1], rows, steps), derive_seed(0, "look", len(curve)))
            scores = self.by.scores(*(_outputs(learner, data) for data in (self.by.val, self.by.test)), self.by.val)
            curve.append(scores.val_loss)
            print(f"   {EPOCHS * len(curve)} epochs: {scores.val_loss:.4f} on val", file=sys.stderr, flush=True)
            if best is None or scores.val_loss < best[1].val_loss:
                best = len(curve), scores
            elif len(curve) - best[0] >= PATIENCE:
                break
        assert best is not None
        return NetworkVerdict(**asdict(best[1]), epochs=EPOCHS * best[0],
                              curve=" ".join(f"{loss:.4f}" for loss in curve))


@torch.no_grad()
def _outputs(learner: Learner, data: Validation) -> Tensor:
    """(N, classes, H/2, W/2), at the pixels whose labels a head is asked for."""
    return torch.cat([learner.predict(data, rows)[..., ::STRIDE, ::STRIDE]
                      for rows in torch.arange(len(data)).split(BATCH)])
