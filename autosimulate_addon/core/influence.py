"""Which pixels of a run's latest renders would help, were its network trained on them now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..protocol import SampleKey
from .hypergradient.direction import find_direction
from .hypergradient.influence import influence_map
from .hypergradient.pathwise import relight, relightable
from .randomness import derive_seed
from .state import State


@dataclass(frozen=True)
class Influence:
    """v . grad l by pixel: above 0, training on the pixel lowers the validation loss."""

    keys: list[SampleKey]
    images: np.ndarray        # (n, H, W, 3) float32 in [0, 1], as they were trained on
    labels: np.ndarray        # (n, H, W) uint8
    maps: np.ndarray          # (n, H, W) float32


def influence(state: State, count: int = 12) -> Influence:
    """The influence of the latest ``count`` renders at the first learner's theta; ``state`` stays as it is."""
    store, learner = state.store, state.ensemble[0]
    index = torch.arange(max(0, len(store) - count), len(store))
    seed = derive_seed(state.config.seed, "influence", state.iteration)
    images, _, _ = relight(store, index, state.psi, relightable(store), seed)
    targets = store.targets(state.task, index)
    v = find_direction(state.task, learner, images, targets, state.validation, state.config.estimator_options, seed)
    maps = influence_map(state.task, learner, v.vector, images, targets)
    return Influence([store.keys[i] for i in index], images.permute(0, 2, 3, 1).cpu().numpy(),
                     store.labels[index.to(state.device)].cpu().numpy(), maps.numpy())
