"""Renders of every state of a scene whose psi is ONE choice, on disk, and a simulator that draws from them."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

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


def render_pool(scene: Path, config: RunConfig, folder: Path, seed: int, each: int) -> Pool:
    """``each`` renders of every state. All that a state leaves open is drawn by (seed, state, number).

    What is on disk is read, the rest is rendered and kept: a pool that was interrupted goes on.
    """
    marked = marked_scene.open_marked_scene(str(scene), None)
    with open_simulator(marked.starting_at(marked_scene.starting_psi(marked, None)), config) as simulator:
        choice, start = choice_of(simulator.factors), Psi.from_factors(simulator.factors)
        states = range(len(choice.items))
        keys = [SampleKey(seed, state, number) for state in states for number in range(each)]
        draws = [start.sample(key) | {choice.key: np.full((1, 1), key.iteration)} for key in keys]
        renders: list[Render] = []
        for render in RenderCache(simulator, folder).render(draws, keys):
            renders.append(render)
            if len(renders) % (6 * each) == 0:
                print(f"   pool {seed}: {len(renders)} of {len(keys)}", file=sys.stderr, flush=True)
        # Values of what a state leaves open say nothing to a search: they are not learned.
        factors = (choice, *(factor for factor in simulator.factors if factor.film))
        renders = [dataclasses.replace(render, draw={factor.key: render.draw[factor.key] for factor in factors})
                   for render in renders]
        return Pool(factors, simulator.classes, simulator.layers,
                    tuple(tuple(renders[state * each:(state + 1) * each]) for state in states))


def rows_of(p: Sequence[float], counts: Sequence[int], count: int, seed: int) -> Tensor:
    """(count,) rows of renders that lie state by state, ``counts`` of each, as draws from ``p`` (states,).

    Systematic sampling: a state comes as often as p says, to within one; and none of its renders comes once more
    before all have come. The same seed takes any p by the same random numbers.
    """
    places = (np.arange(count) + np.random.default_rng(derive_seed(seed, "offset")).random()) / count
    edges = np.cumsum(np.asarray(p) / np.sum(p))
    states = np.searchsorted(edges[:-1], places, side="right")
    rows: list[int] = []
    for state, often in zip(*np.unique(states, return_counts=True), strict=True):
        order = np.random.default_rng(derive_seed(seed, "order", int(state))).permutation(counts[state])
        rows += (sum(counts[:state]) + np.resize(order, often)).tolist()
    return torch.tensor(rows)
