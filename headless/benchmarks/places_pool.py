"""Renders of every state of a scene whose psi is ONE choice, on disk, and a simulator that draws from them."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.randomness import derive_seed
from autosimulate_addon.core.render_cache import RenderCache
from autosimulate_addon.protocol import Draw, Factor, InputError, Layer, Render, SampleKey
from autosimulate_addon.run.config import RunConfig
from autosimulate_addon.run.scene import marked_scene
from autosimulate_addon.run.scene.simulator import open_simulator


@dataclass(frozen=True)
class Pool:
    """``renders[k]`` are those of state k. ``factors``: the choice first, then the film, which every draw has anew."""

    factors: tuple[Factor, ...]
    classes: tuple[str, ...]
    layers: tuple[Layer, ...]
    renders: tuple[tuple[Render, ...], ...]

    @property
    def choice(self) -> Factor:
        return self.factors[0]


def joined(pools: Sequence[Pool]) -> Pool:
    """One pool with the renders of several of the same scene."""
    states = zip(*(pool.renders for pool in pools), strict=True)
    return dataclasses.replace(pools[0], renders=tuple(tuple(itertools.chain(*state)) for state in states))


class PoolSimulator:
    """A simulator whose j-th render of a state is the pool's j-th of it, under the film of the draw; after the last
    one the first comes again: it shows what was rendered once, with other noise and blur.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.factors, self.classes, self.layers = pool.factors, pool.classes, pool.layers
        self.given = [0] * len(pool.renders)

    def render(self, draws: Sequence[Draw], keys: Sequence[SampleKey]) -> Iterator[Render]:
        for draw, key in zip(draws, keys, strict=True):
            state = int(draw[self.pool.choice.key].item())
            own = self.pool.renders[state]
            render = own[self.given[state] % len(own)]
            self.given[state] += 1
            yield dataclasses.replace(render, key=key, draw=draw)


def choice_of(factors: Sequence[Factor]) -> Factor:
    """Raises InputError where more is to be learned than one choice."""
    free = [factor for factor in factors if not factor.locked]
    if len(free) != 1 or free[0].family != "categorical" or free[0].count != 1:
        raise InputError("This comparison is of scenes in which one choice is all that is to be learned.")
    return free[0]


def render_pool(scene: Path, config: RunConfig, folder: Path, seed: int, counts: Sequence[int] | int) -> Pool:
    """So many renders of every state. All that a state leaves open is drawn by (seed, state, number).

    What is on disk is read, the rest is rendered and kept: a pool that was interrupted goes on.
    """
    marked = marked_scene.open_marked_scene(str(scene), None)
    with open_simulator(marked.starting_at(marked_scene.starting_psi(marked, None)), config) as simulator:
        choice, start = choice_of(simulator.factors), Psi.from_factors(simulator.factors)
        counts = [counts] * len(choice.items) if isinstance(counts, int) else counts
        keys = [SampleKey(seed, state, number) for state, count in enumerate(counts) for number in range(count)]
        draws = [start.sample(key) | {choice.key: np.full((1, 1), key.iteration)} for key in keys]
        renders: list[Render] = []
        for render in RenderCache(simulator, folder).render(draws, keys):
            renders.append(render)
            if len(renders) % 36 == 0:
                print(f"   pool {seed}: {len(renders)} of {len(keys)}", file=sys.stderr, flush=True)
        # Values of what a state leaves open say nothing to a search: they are not learned.
        factors = (choice, *(factor for factor in simulator.factors if factor.film))
        renders = [dataclasses.replace(render, draw={factor.key: render.draw[factor.key] for factor in factors})
                   for render in renders]
        rest = iter(renders)
        return Pool(factors, simulator.classes, simulator.layers,
                    tuple(tuple(itertools.islice(rest, count)) for count in counts))


def times_of(p: Sequence[float], count: int, seed: int) -> list[int]:
    """How often each state comes in ``count`` draws from ``p`` (states,).

    Systematic sampling: as often as p says, to within one. The same seed takes any p by the same random number.
    """
    places = (np.arange(count) + np.random.default_rng(derive_seed(seed, "offset")).random()) / count
    states = np.searchsorted(np.cumsum(np.asarray(p) / np.sum(p))[:-1], places, side="right")
    return np.bincount(states, minlength=len(p)).tolist()


def chosen(own: Sequence[Sequence[Render]], more: Sequence[Sequence[Render]], times: Sequence[int], seed: int
           ) -> list[Render]:
    """As many renders of each state as ``times`` say, none twice: of its ``own`` in an order by ``seed``, and where
    they are too few of ``more``.
    """
    found: list[Render] = []
    for state, often in enumerate(times):
        order = np.random.default_rng(derive_seed(seed, "order", state)).permutation(len(own[state]))
        found += [*(own[state][place] for place in order), *more[state]][:often]
    return found
