"""The stand-in behind the simulator protocol."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from ...protocol import Draw, Driver, Factor, Layer, Moments, Render, SampleKey
from .scene import CLASSES, LIGHTS, OBJECTS, Scenes
from .shading import look
from .starts import factors, start_wide

#: Scenes that are traced together; more is slower once their rays no longer fit into the cache.
CHUNK = 16


class StandIn:
    """Implements ``protocol.Simulator``.

    A draw's values for objects that are not in the picture come back as absent (NaN, -1): see ``distributions.Family``.
    """

    classes = CLASSES
    layers = tuple(Layer(name, (Driver(name),)) for name in LIGHTS)

    def __init__(self, start: Mapping[str, Moments] = start_wide, mark_absent: bool = True):
        self.factors: tuple[Factor, ...] = factors(start)
        self.mark_absent = mark_absent

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        """Renders in the order of ``draws``; a picture depends on its own draw and key alone."""
        for first in range(0, len(draws), CHUNK):
            yield from self._chunk(draws[first:first + CHUNK], keys[first:first + CHUNK])

    @torch.no_grad()
    def _chunk(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> list[Render]:
        began = time.perf_counter()
        scenes = Scenes.of(draws, keys)
        picture = look(scenes)
        layers = picture.layers.to(torch.float16).numpy()
        labels, instances = picture.labels.to(torch.uint8).numpy(), picture.instances.numpy().astype(np.uint16)
        reference = scenes.energy[..., None].expand(-1, -1, 3).contiguous().numpy()
        seconds = (time.perf_counter() - began) / len(draws)
        return [Render(key, self._kept(draw, present), layers[i], reference[i], labels[i], instances[i], seconds)
                for i, (key, draw, present) in enumerate(zip(keys, draws, scenes.present.numpy(), strict=True))]

    def _kept(self, draw: Draw, present: np.ndarray) -> Draw:
        if not self.mark_absent:
            return draw
        there = present.reshape(OBJECTS, 1)
        return {**draw, "location": np.where(there, draw["location"], np.nan),
                "metal": np.where(there, draw["metal"], -1)}
