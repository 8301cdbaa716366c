"""Lights and film moved until the renders look like the photographs, without a new render.

Their gradients are pathwise. By the score function of a network's features hardly any of them is heard, while on real
photographs they are most of what a scene that nobody fitted lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...protocol.numbers import Move
from ...protocol.vocabulary import film_key
from ..hypergradient.chunks import images_at_once
from ..hypergradient.pathwise import relight, relightable
from ..psi import Psi, Resampled
from ..randomness import derive_seed
from ..renders import RenderStore
from .looks import LOOKS, energy_distances, looks
from .match import moves_between
from .significance import as_normal, more_than_chance

#: Renders that are asked, the last ones, at most, and steps, the first of which is so long in whitened coordinates.
MOST, STEPS, STEP = 96, 40, 0.3
#: A step is made longer by this after a gain, shorter without one, and the last ones are so long.
LONGER, SHORTER, SHORTEST = 1.3, 0.4, 0.02
#: Standard errors below which a coordinate does not move, and the chance that anything does where nothing differs.
HEARD, CHANCE = 2.0, 0.01
#: Of photographs, by whose differences the noise of all is known.
BLOCKS = 8


@dataclass(frozen=True)
class Relit:
    """psi, and of each of LOOKS how far renders and photographs were and are apart, in the photographs' deviations."""

    psi: Psi
    before: Tensor = field(default_factory=lambda: torch.zeros(len(LOOKS)))
    after: Tensor = field(default_factory=lambda: torch.zeros(len(LOOKS)))
    moves: tuple[Move, ...] = ()

    def details(self) -> dict[str, Any]:
        """As plain numbers, for the log."""
        return {name: list(pair) for name, pair in zip(LOOKS, zip(self.before.tolist(), self.after.tolist(),
                                                                  strict=True), strict=True)}


def match_looks(store: RenderStore, psi: Psi, photographs: Tensor, narrowest: float, seed: int,
                progress: Callable[[float], None] = lambda fraction: None) -> Relit:
    """psi with lights and film moved until the renders look like ``photographs`` (N, 3, H, W).

    The sum of the looks' energy distances goes down by natural-gradient steps, with the same random numbers at every
    psi, until no step gains. No spread falls below ``narrowest`` times that of the first renders: beyond the few
    photographs that are there, a network has to expect others. ``progress`` is called with the fraction of the steps
    that are done.
    """
    keys = relightable(store)
    if not keys or len(photographs) < 2 or len(store) < 2:
        return Relit(psi)
    index = torch.arange(len(store))[-MOST:]
    scene = _Scene(store, index, keys, photographs, seed)
    start, value = psi, scene.value(psi)
    before, heard = value.distances, torch.zeros(psi.size, dtype=torch.float64)
    floor = torch.minimum(store.psis[0].phi + math.log(narrowest), psi.phi)
    for number, stage in enumerate(stages := _stages(keys)):
        progress(number / len(stages))

        def report(fraction: float, done: int = number) -> None:
            progress((done + fraction) / len(stages))

        psi, value, z = _descend(scene, psi, value, floor, stage, report)
        heard = torch.where(heard == 0, z, heard)
    return Relit(psi, before, value.distances, moves_between(start, psi, heard))


@dataclass(frozen=True)
class _Stage:
    """Which of LOOKS are followed, (S,) of 0 and 1, and by the factors of which keys."""

    columns: Tensor
    keys: tuple[str, ...]


def _stages(keys: tuple[str, ...]) -> list[_Stage]:
    """In order, those that have something to move.

    Grain is what noise is for: renders of few samples are grainier than any photograph, which blur would have to hide.
    All else is for the rest, but for contrast: between the tones of an image lies mostly what is to be seen in it.
    """
    noise, contrast = film_key("noise"), film_key("contrast")
    grain = torch.tensor([float(name == "grain") for name in LOOKS])
    found = (_Stage(1 - grain, tuple(key for key in keys if key not in (noise, contrast))),
             _Stage(grain, tuple(key for key in keys if key == noise)))
    return [stage for stage in found if stage.keys]


def _descend(scene: _Scene, psi: Psi, value: _Value, floor: Tensor, stage: _Stage, progress: Callable[[float], None]
             ) -> tuple[Psi, _Value, Tensor]:
    """(psi after a stage, its value, how many standard errors each coordinate that has moved was from 0 at first (P,)).

    ``value``: that of psi before.
    """
    heard, length = torch.zeros(psi.size, dtype=torch.float64), STEP
    noise = scene.noise_of_photographs(psi, value, stage)
    gradient, z = scene.gradient(psi, value, stage, noise)
    if not more_than_chance(z, int((z != 0).sum()), CHANCE):
        return psi, value, heard
    for step in range(STEPS):
        progress(step / STEPS)
        direction = torch.where(z.abs() > HEARD, -gradient, 0.0)
        if not direction.any() or length < SHORTEST:
            break
        candidate = _wide(psi.step(length * direction / direction.norm()), floor)
        found = scene.value(candidate)
        if found.total(stage) < value.total(stage):
            heard = torch.where((heard == 0) & (direction != 0), z, heard)
            psi, value, length = candidate, found, LONGER * length
            gradient, z = scene.gradient(psi, value, stage, noise)
        else:
            length = SHORTER * length
    return psi, value, heard


def _wide(psi: Psi, floor: Tensor) -> Psi:
    """psi with spreads of at least ``floor`` (P,): their coordinates are logarithms."""
    return psi.with_phi(torch.where(psi.is_scale, torch.maximum(psi.phi, floor), psi.phi))


@dataclass(frozen=True)
class _Value:
    """At one psi the renders' looks (K, S), their distances (S,), and each of these by its look (K, S)."""

    seen: Tensor
    distances: Tensor
    slopes: Tensor

    def total(self, stage: _Stage) -> float:
        return (self.distances * stage.columns).sum().item()


class _Scene:
    """Renders of a store beside photographs, with the same random numbers for every psi."""

    def __init__(self, store: RenderStore, index: Tensor, keys: tuple[str, ...], photographs: Tensor, seed: int
                 ) -> None:
        self.store, self.keys, self.seed = store, keys, seed
        self.parts = index.split(images_at_once(*store.labels.shape[-2:]))
        real = torch.cat([looks(some).cpu() for some in photographs.split(images_at_once(*photographs.shape[-2:]))])
        self.scale = real.std(0).clamp(min=1e-3)
        self.real = real / self.scale

    def value(self, psi: Psi) -> _Value:
        seen = self._seen(psi).requires_grad_()
        distances = energy_distances(seen, self.real)
        slopes, = torch.autograd.grad(distances.sum(), seen)
        return _Value(seen.detach(), distances.detach(), slopes / self.scale)

    def gradient(self, psi: Psi, value: _Value, stage: _Stage, noise: Tensor) -> tuple[Tensor, Tensor]:
        """(P,) that of a stage's total at psi, and (P,) how many of its standard errors that is, by the spread of what
        each render adds to it and the variance ``noise`` (P,); 0 for what the stage does not move."""
        by_part = (value.slopes * stage.columns).split([len(part) for part in self.parts])
        terms = torch.cat([self._pathwise(psi, number, [slope], stage)[0] for number, slope in enumerate(by_part)])
        gradient, variance = terms.sum(0), terms.var(0) * len(terms) + noise
        return gradient, as_normal(gradient / variance.clamp(min=1e-24).sqrt(), len(terms) - 1)

    def noise_of_photographs(self, psi: Psi, value: _Value, stage: _Stage) -> Tensor:
        """(P,): the gradient's variance by the photographs, by blocks of neighbours, which are nearly one picture."""
        blocks = self.real.tensor_split(min(BLOCKS, len(self.real)))
        slopes = [2 * stage.columns * (value.seen[:, None] - block).sign().mean(1) / self.scale / len(value.seen)
                  for block in blocks]
        by_part = zip(*(slope.split([len(part) for part in self.parts]) for slope in slopes), strict=True)
        terms = [self._pathwise(psi, number, list(of_blocks), stage) for number, of_blocks in enumerate(by_part)]
        return torch.cat(terms, 1).sum(1).var(0) / len(blocks)

    @torch.no_grad()
    def _seen(self, psi: Psi) -> Tensor:
        """(K, S): the renders' looks, in the photographs' deviations."""
        return torch.cat([looks(self._relit(psi, number)[0]).cpu() for number in range(len(self.parts))]) / self.scale

    def _relit(self, psi: Psi, number: int, differentiable: bool = False
               ) -> tuple[Tensor, Resampled, dict[str, Tensor]]:
        return relight(self.store, self.parts[number], psi, self.keys, derive_seed(self.seed, number),
                       differentiable=differentiable)

    def _pathwise(self, psi: Psi, number: int, slopes: list[Tensor], stage: _Stage) -> Tensor:
        """(len(slopes), B, P): what each render of a part adds to a gradient, from that by its looks (B, S)."""
        images, resampled, leaves = self._relit(psi, number, differentiable=True)
        wanted = {key: leaf for key, leaf in leaves.items() if leaf.requires_grad and key in stage.keys}
        seen, found = looks(images), []
        for slope in slopes:
            parts = torch.autograd.grad(seen, list(wanted.values()), slope.to(seen), allow_unused=True,
                                        retain_graph=True)
            found.append(resampled.pathwise(dict(zip(wanted, parts, strict=True))))
        return torch.stack(found)
