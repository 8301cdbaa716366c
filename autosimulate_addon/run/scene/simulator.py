"""Blender as a simulator: draws in, renders with labels out, one after the other in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...blender.render.session import RenderBridge
from ...protocol import Cancelled, Draw, Factor, Layer, Render, SampleKey


class BlenderSimulator:
    """``protocol.Simulator`` over a :class:`RenderBridge`; a context manager, because the bridge borrows the scene.

    ``stop`` is asked before every image: True raises Cancelled, so that the current image is always finished.
    ``images`` and ``seconds`` count what was rendered; ``notes`` are sentences that the user should know before.
    """

    def __init__(self, bridge: RenderBridge, *, stop: Callable[[], bool] = lambda: False) -> None:
        self._bridge = bridge
        self._stop = stop
        self.notes = bridge.notes
        self.images = 0
        self.seconds = 0.0

    def __enter__(self) -> BlenderSimulator:
        self._bridge.__enter__()
        self.factors: tuple[Factor, ...] = tuple(self._bridge.factors)
        self.classes: tuple[str, ...] = tuple(self._bridge.classes)
        self.layers: tuple[Layer, ...] = tuple(self._bridge.layers)
        return self

    def __exit__(self, *error: Any) -> None:
        self._bridge.__exit__(*error)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        for draw, key in zip(draws, keys, strict=True):
            if self._stop():
                raise Cancelled("Stopped after the last complete image.")
            began = time.perf_counter()
            render = self._bridge.render(draw, key)
            self.seconds += time.perf_counter() - began
            self.images += 1
            yield render

    def missing_classes(self) -> list[str]:
        """Classes in the frame by projection, but in none of the images so far."""
        return self._bridge.missing_classes()

    def close(self) -> None:
        """Nothing to release: leaving the context gives the scene back."""
