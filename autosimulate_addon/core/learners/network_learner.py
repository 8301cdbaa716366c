"""A network with its optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..hypergradient.estimate import Estimate, estimate
from ..hypergradient.options import EstimatorOptions
from ..hypergradient.parameters import trainable_parameters
from ..hypergradient.pathwise import relight, relightable
from ..hypergradient.validation import Validation
from ..networks import build
from ..psi import Psi
from ..randomness import derive_seed, torch_seed
from ..renders import RenderStore
from ..tasks.task import Parameters, Scores, Task
from ..tasks.training import new_optimizer, train
from .learner import Photographs, Training


class NetworkLearner:
    """A neural network that Adam trains on the mean loss of batches, each under new lights and film.

    Photographs take their share of every batch. (Its hypergradient takes the curvature of the renders alone.)
    """

    unique = False
    photographs: Photographs | None = None

    def __init__(self, settings: Any, task: Task, seed: int) -> None:
        """``settings``: a ``LoopConfig``, of which it reads the network, its rate, batches and device."""
        self.settings, self.task = settings, task
        self.device = settings.torch_device()
        self._start(seed)

    def _start(self, seed: int, rate: float = 1.0) -> None:
        """New weights, drawn from ``seed``."""
        with torch_seed(derive_seed(seed, "network")):
            self.network = self.skeleton(self.settings, self.task.channels)
        # Channels last: twice as fast on a CPU at these widths, and what tensor cores want.
        # (torch's stubs leave memory_format out.)
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.eval()         # but while it trains: a loss may depend on its own image alone
        self.optimizer = new_optimizer(self.network, rate * self.settings.rate)

    @property
    def theta(self) -> Parameters:
        return trainable_parameters(self.network)

    def outputs(self, theta: Parameters, images: Tensor) -> Tensor:
        return functional_call(self.network, theta, (images,))

    def regulariser(self, theta: Parameters) -> Tensor:
        return torch.zeros((), device=self.device)

    def fit(self, store: RenderStore, training: Training, seed: int,
            progress: Callable[[float], None] = lambda fraction: None) -> None:
        if training.from_scratch:
            self._start(seed, training.rate)
        keys = relightable(store) if self.settings.relight_training else ()
        size, real = self.settings.batch_size, self.photographs
        ours = min(size, max(1, round(real.share * size))) if real else 0
        batches = list(_batches(len(training.rows), size - ours, training.steps, derive_seed(seed, "batches")))
        beside = list(_batches(len(real.data), ours, training.steps, derive_seed(seed, "photographs"))) if real else []

        def batch(step: int) -> tuple[Tensor, Tensor]:
            images, targets = [], []
            if size > ours:
                index = training.rows[batches[step]]
                images.append(relight(store, index, training.psi, keys, derive_seed(seed, "relight", step))[0])
                targets.append(store.targets(self.task, index))
            if real:
                images.append(real.data.images[beside[step].to(self.device)])
                targets.append(real.data.targets[beside[step].to(self.device)])
            if len(images) == 1:
                return images[0], targets[0]
            return torch.cat(images), torch.cat(targets)

        train(self.task, self.network, self.optimizer, batch, training.steps, cosine=training.from_scratch,
              progress=progress)

    def estimate(self, store: RenderStore, batch: Tensor, psi: Psi, validation: Validation, options: EstimatorOptions,
                 seed: int) -> Estimate:
        return estimate(self.task, self, store, batch, psi, validation, options, seed)

    def predict(self, data: Validation, rows: Tensor) -> Tensor:
        return self.outputs(self.theta, data.images[rows])

    def evaluate(self, data: Validation) -> Scores:
        theta = self.theta
        return self.task.evaluate(lambda images: self.outputs(theta, images), data.images, data.targets)

    def module(self) -> nn.Module:
        return self.network

    @staticmethod
    def skeleton(settings: Any, channels: int) -> nn.Module:
        return build(settings.network, channels, settings.network_width, frozen_layers=settings.frozen_layers,
                     module=settings.network_module)

    def state_dict(self) -> dict[str, Any]:
        return {"network": {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()},
                "optimizer": _clone(self.optimizer.state_dict())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(_clone(state["optimizer"]))


def _batches(count: int, size: int, steps: int, seed: int) -> Iterator[Tensor]:
    """``steps`` batches of ``size`` indices below ``count``: shuffled passes over all of them."""
    generator = torch.Generator().manual_seed(seed)
    size = min(size, count)
    order = torch.zeros(0, dtype=torch.long)
    for _ in range(steps):
        if len(order) < size:
            order = torch.cat([order, torch.randperm(count, generator=generator)])
        yield order[:size]
        order = order[size:]


def _clone(state: Any) -> Any:
    if isinstance(state, Tensor):
        return state.detach().cpu().clone()
    if isinstance(state, dict):
        return {key: _clone(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [_clone(value) for value in state]
    return state
