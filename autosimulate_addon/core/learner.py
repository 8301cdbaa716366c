"""A network with its optimiser, and the renders it learns from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .config import LoopConfig
from .hypergradient.estimator import Validation
from .hypergradient.pathwise import relight, relightable
from .networks import build
from .psi import Psi
from .randomness import derive_seed, torch_seed
from .renders import RenderStore
from .tasks.task import Scores, Task
from .tasks.training import new_optimizer, train


class Learner:
    """theta, and how it is trained. All its randomness comes from the seeds it is given."""

    def __init__(self, config: LoopConfig, task: Task, store: RenderStore, seed: int) -> None:
        self.config, self.task, self.store = config, task, store
        self.device = config.torch_device()
        self.start_afresh(seed)

    def start_afresh(self, seed: int, learning_rate: float | None = None) -> None:
        """New weights, drawn from ``seed``."""
        with torch_seed(derive_seed(seed, "network")):
            self.network = build(self.config.network, self.task.channels, self.config.network_width,
                                 frozen_layers=self.config.frozen_layers, module=self.config.network_module)
        # Channels last: twice as fast on a CPU at these widths, and what tensor cores want.
        self.network.to(self.device, memory_format=torch.channels_last)
        self.optimizer = new_optimizer(self.network, learning_rate or self.config.rate)

    def train(self, psi: Psi, steps: int, seed: int, *, among: Tensor | None = None, cosine: bool = False,
              progress: Callable[[float], None] = lambda fraction: None) -> None:
        """``steps`` batches of the store's renders (or of those ``among`` them), each under lights and film from psi."""
        keys = relightable(self.store) if self.config.relight_training else ()
        size = self.config.batch_size
        batches = list(_batches(len(self.store) if among is None else len(among), size, steps,
                                derive_seed(seed, "batches")))

        def batch(step: int) -> tuple[Tensor, Tensor]:
            index = batches[step] if among is None else among[batches[step]]
            images, _, _ = relight(self.store, index, psi, keys, derive_seed(seed, "relight", step))
            return images, self.store.targets(self.task, index)

        train(self.task, self.network, self.optimizer, batch, steps, cosine=cosine, progress=progress)

    def evaluate(self, images: Validation) -> Scores:
        self.network.eval()
        return self.task.evaluate(self.network, images.images, images.targets)

    def state_dict(self) -> dict[str, Any]:
        return {"network": {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()},
                "optimizer": _clone(self.optimizer.state_dict())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(_clone(state["optimizer"]))


def _batches(count: int, size: int, steps: int, seed: int):
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
