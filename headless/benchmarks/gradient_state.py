"""Where the gradient is measured: a network part of the way through a run, psi at a start, and many fresh renders."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.hypergradient.estimate import estimate
from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.hypergradient.validation import Validation
from autosimulate_addon.core.loop import State as LoopState
from autosimulate_addon.core.loop import optimize
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin import StandIn, validation_and_test
from autosimulate_addon.protocol import SampleKey

from .standin_run import STARTS

#: Of the run that the network comes from (psi never moves in it): 8 x 24 renders.
ITERATIONS, IMAGES = 8, 24


@dataclass(frozen=True)
class State:
    """A loop that has trained, and what is asked of it."""

    loop: LoopState
    psi: Psi
    validation: Validation
    simulator: StandIn
    seed: int

    def gradient(self, options: EstimatorOptions, count: int, repeat: int) -> Tensor:
        """(P,) the estimate from ``count`` fresh renders, in whitened coordinates; each repeat has its own renders."""
        keys = [SampleKey(self.seed, 1000 + repeat, sample) for sample in range(count)]
        renders = list(self.simulator.render([self.psi.sample(key) for key in keys], keys))
        store = copy.deepcopy(self.loop.store)          # adding to the copy leaves the loop's own alone
        fresh = store.add(renders, self.psi)
        return estimate(self.loop.task, self.loop.ensemble[0], store, fresh, self.psi, self.validation, options,
                        repeat).gradient


def prepare(start: str, seed: int) -> State:
    """Trains the network as the null control of a run does. Deterministic."""
    torch.set_num_threads(1)
    simulator = StandIn(STARTS[start])
    psi = Psi.from_factors(simulator.factors)
    validation, _ = validation_and_test()
    config = LoopConfig(method="none", iterations=ITERATIONS, images=IMAGES, seed=seed, device="cpu", control=False)
    loop = LoopState(config, simulator, validation, psi)
    for _ in optimize(loop):
        pass
    return State(loop, psi, loop.validation, simulator, seed)


def free_directions(psi: Psi, count: int = 2000) -> Tensor:
    """(P, P) projection on the directions that change anything: a categorical has one that does not."""
    keys = [SampleKey(0, 0, sample) for sample in range(count)]
    scores = psi.score([psi.sample(key) for key in keys])
    values, vectors = torch.linalg.eigh(scores.T @ scores / count)
    kept = vectors[:, values > 0.1]
    return kept @ kept.T


def cosine(a: Tensor, b: Tensor) -> float:
    return float(a @ b / (a.norm() * b.norm()).clamp(min=1e-30))


def large(options: EstimatorOptions, count: int) -> EstimatorOptions:
    """The same estimator with every bound on what it looks at as large as ``count``."""
    return replace(options, curvature_images=min(count, 240), pathwise_renders=count, replay=10 * count, relights=4,
                   validation_images=0)
