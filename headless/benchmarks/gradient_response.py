"""The true response: how the validation loss of a FRESH network changes when psi is moved, by paired retraining.

A Plackett-Burman design: every training moves all coordinates at once, each up or down, in a pattern that keeps their
effects apart; with each pattern comes its mirror image, so that curvature drops out. Of noisy trainings this needs
about P times fewer than moving one coordinate at a time to the same standard error. Within a repeat all trainings
share their random numbers: the draws' underlying ones, the network's first weights, the order of batches.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.evaluation import Evaluation, evaluate_from_scratch
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, validation_and_test

from .standin_run import STARTS

#: By how much each coordinate moves, in whitened coordinates.
DELTA = 0.5
#: Of each fresh network.
IMAGES, STEPS = 240, 400


def design(parameters: int) -> Tensor:
    """(2 n, P) of +-1, n > P: Paley's construction from the quadratic residues of a prime, and its mirror image."""
    prime = next(q for q in range(max(3, parameters), 10 * parameters + 20)
                 if q % 4 == 3 and all(q % d for d in range(2, q)))
    residues = {x * x % prime for x in range(1, prime)}
    rows = [[1 if (column - row) % prime in residues or column == row else -1 for column in range(prime)]
            for row in range(prime)]
    signs = torch.tensor([*rows, [-1] * prime], dtype=torch.float64)[:, :parameters]
    return torch.cat([signs, -signs])


def measure(start: str, repeat: int, skip: set[int]) -> Iterator[tuple[int, float]]:
    """(run of the design, validation loss of its fresh network), without those to ``skip``."""
    torch.set_num_threads(1)
    simulator = StandIn(STARTS[start])
    psi = Psi.from_factors(simulator.factors)
    validation, _ = validation_and_test()
    config = LoopConfig(method="none", device="cpu", control=False)
    for run, signs in enumerate(design(psi.size)):
        if run not in skip:
            moved = psi.step(DELTA * signs)
            scores = evaluate_from_scratch(config, simulator, moved,
                                           Evaluation(IMAGES, 5000 + repeat, validation, steps=STEPS))
            yield run, scores["val_loss"]


def effects(losses: Tensor, parameters: int) -> Tensor:
    """(P,) the direction of descent, minus d loss / d u, from the losses (2 n,) of all runs of one repeat."""
    signs = design(parameters)
    return -(signs.T @ losses) / (len(losses) * DELTA)
