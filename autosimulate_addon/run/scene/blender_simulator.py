"""Blender as a simulator: draws in, renders with labels out, one after the other in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...blender.render.session import RenderSession
from ...protocol import Cancelled, Draw, Factor, Layer, Render, SampleKey


class BlenderSimulator:
    """``protocol.Simulator`` over a :class:`RenderSession`; a context manager, because the session borrows the scene.

    ``stop`` is asked before every image: True raises Cancelled, so that the current image is always finished.
    ``images`` counts what was rendered. ``notes`` holds what the user should know before rendering, one sentence each.
    """

    def __init__(self, session: RenderSession, *, stop: Callable[[], bool] = lambda: False) -> None:
        self._session = session
        self._stop = stop
        self.factors: tuple[Factor, ...] = session.factors
        self.classes: tuple[str, ...] = session.classes
        self.layers: tuple[Layer, ...] = session.layers
        self.notes: tuple[str, ...] = session.notes
        self.images = 0

    def __enter__(self) -> BlenderSimulator:
        self._session.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._session.__exit__(*error)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        """Renders in the order of ``draws``. Raises Cancelled between two images when ``stop`` says so."""
        for draw, key in zip(draws, keys, strict=True):
            if self._stop():
                raise Cancelled("Stopped after the last complete image.")
            render = self._session.render(draw, key)
            self.images += 1
            yield render

    def missing_classes(self) -> list[str]:
        """Classes in the frame by projection, but in none of the images so far."""
        return self._session.missing_classes()
