"""A loop small enough for tests: the stand-in simulator, few images, short training."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import torch

from autosimulate_addon.core.hypergradient.estimator import EstimatorOptions
from autosimulate_addon.core.loop import Loop, LoopConfig
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin.simulator import StandIn
from autosimulate_addon.core.standin.validation import validation_and_test


class Counting:
    """The stand-in, counting what it renders."""

    def __init__(self):
        self.simulator = StandIn()
        self.factors, self.layers, self.classes = (self.simulator.factors, self.simulator.layers,
                                                   self.simulator.classes)
        self.rendered = []

    def render(self, draws, keys):
        for render in self.simulator.render(draws, keys):
            self.rendered.append(render.key)
            yield render

    def close(self):
        self.simulator.close()


@lru_cache
def data():
    return validation_and_test(n_val=6, n_test=6)


def small(**changes) -> LoopConfig:
    config = LoopConfig(iterations=5, images=4, epochs=4, batch_size=4, seed=3,
                        estimator=EstimatorOptions(iterations=3, relights=2))
    return replace(config, **changes)


def make_loop(config=None, **arguments) -> tuple[Loop, Counting]:
    torch.set_num_threads(1)
    simulator = Counting()
    loop = Loop(config or small(), simulator, data()[0], Psi.from_factors(simulator.factors), **arguments)
    return loop, simulator


def run(loop: Loop) -> list:
    records = []
    while not loop.done:
        records.append(loop.iterate())
    return records
