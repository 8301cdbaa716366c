"""A loop small enough for tests: the stand-in simulator, few images, short training."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import islice

import torch

from autosimulate_addon.core.hypergradient.options import EstimatorOptions
from autosimulate_addon.core.loop import LoopConfig, State, with_control
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.standin.simulator import StandIn
from autosimulate_addon.core.standin.validation import validation_and_test
from autosimulate_addon.core.watch import Watch


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


@lru_cache
def data():
    return validation_and_test(n_val=6, n_test=6)


def small(**changes) -> LoopConfig:
    config = LoopConfig(iterations=5, images=4, epochs=4, batch_size=4, seed=3,
                        estimator=EstimatorOptions(iterations=3, relights=2))
    return replace(config, **changes)


class Run:
    """A run and its null control, as run/ holds them."""

    def __init__(self, config=None, renders_dir=None, simulator=None):
        torch.set_num_threads(1)
        self.simulator = simulator or Counting()
        config, start = config or small(), Psi.from_factors(self.simulator.factors)
        self.state = State(config, self.simulator, data()[0], start, renders_dir=renders_dir)
        self.control = None
        if config.control:
            self.control = State(config.of_control(), self.simulator, data()[0], start, renders_dir=renders_dir,
                                 beside=self.state)
        self.events = []                                # of the run, not of its control
        self.stop = lambda: False

    def iterations(self):
        return with_control(self.state, self.control,
                            Watch(self.events.append, lambda: self.stop()),
                            Watch(stop=lambda: self.stop()))

    def run(self, count=None):
        """The (iteration, control's iteration) of the next ``count`` iterations, or of all that are left."""
        return list(islice(self.iterations(), count))

    def state_dict(self):
        return {"run": self.state.state_dict(), "control": self.control and self.control.state_dict()}

    def load(self, saved):
        self.state.load_state_dict(saved["run"])
        if self.control:
            self.control.load_state_dict(saved["control"])
