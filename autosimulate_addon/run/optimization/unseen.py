"""Marks whose draws change no pixel: each is drawn anew alone, and the two pictures are held against each other.

The images of an iteration differ in all marks at once and cannot say it, and the evaluated scene cannot either: a ball
that moves may be outside of the frame. The same key gives the same picture bit for bit, so any difference is the
mark's. Two pairs are small and of one sample; only what differs in neither gets two of the run's own size. A pair costs
one small render a mark (see ``SECONDS``), and nothing is kept of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ...core.psi import Psi
from ...protocol import Draw, Factor, Render, SampleKey
from ..config import RunConfig
from ..images.sample_iterations import UNSEEN
from ..scene.marked_scene import MarkedScene
from ..scene.simulator import BlenderSimulator, open_simulator

PAIRS = 2               # of each size
WIDTH = 64              # of the small ones
#: The search ends after this time unless it is still below this share of the run's own renders; it then names nothing.
SECONDS, SHARE = 10.0, 0.05
#: Draws that are tried to find one with another value than the first.
TRIES = 8


def notes(marked: MarkedScene, config: RunConfig, start: dict, stop: Callable[[], bool]) -> list[str]:
    """A sentence for each mark that no pixel shows; none where there was no time to find out. Raises Cancelled."""
    budget = _Budget(SHARE * config.iterations * config.images)
    scale = min(1.0, WIDTH / config.width)
    small = replace(config, width=max(8, round(config.width * scale)), height=max(8, round(config.height * scale)),
                    samples=1)
    left: set[str] | None = None
    for size, first in ((small, 0), (config, PAIRS)):
        with open_simulator(marked, size, stop=stop, alone=True) as simulator:
            psi = Psi.from_plain(simulator.factors, start)
            left = left if left is not None else {factor.key for factor in simulator.factors if not factor.film}
            for pair in range(first, first + PAIRS):
                left = _unseen(simulator, psi, SampleKey(config.seed, UNSEEN, pair), left, budget)
        if not left:
            break
    return [f"Drawing {name!r} alone anew changed no pixel in {2 * PAIRS} pairs of renders: it cannot be learned. See "
            f"whether what it changes is in view and in use, or remove the mark." for name in sorted(left or ())]


class _Budget:
    """How many renders the search may still take."""

    def __init__(self, renders: float) -> None:
        self._renders, self._began = renders, time.monotonic()

    def spend(self) -> bool:
        self._renders -= 1
        return self._renders >= 0 or time.monotonic() - self._began < SECONDS


def _unseen(simulator: BlenderSimulator, psi: Psi, key: SampleKey, names: set[str], budget: _Budget) -> set[str]:
    """Those of ``names`` (marks) that change nothing when they are drawn anew, beside everything else as it was."""
    base = psi.sample(key)
    before: Render | None = None
    unseen = set()
    for factor in simulator.factors:
        anew = _anew(psi, factor, base, key) if factor.key in names else None
        if anew is None:
            continue
        if before is None:
            before = _render(simulator, base, key)
        if not budget.spend():
            return set()
        if _same(before, _render(simulator, {**base, factor.key: anew}, key)):
            unseen.add(factor.key)
    return unseen


def _anew(psi: Psi, factor: Factor, base: Draw, key: SampleKey) -> np.ndarray | None:
    """Another value of the factor, None where its distribution gives always the same."""
    for other in _others(psi, key):
        if not np.array_equal(other[factor.key], base[factor.key]):
            return other[factor.key]
    return None


def _others(psi: Psi, key: SampleKey) -> Iterator[Draw]:
    for number in range(1, TRIES + 1):
        yield psi.sample(SampleKey(key.seed, UNSEEN + number, key.sample))


def _render(simulator: BlenderSimulator, draw: Draw, key: SampleKey) -> Render:
    return next(iter(simulator.render([draw], [key])))


def _same(a: Render, b: Render) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("layers", "labels", "instances"))
