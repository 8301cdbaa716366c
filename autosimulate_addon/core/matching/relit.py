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
    start, before = psi, scene.value(psi).distances
    floor = torch.minimum(store.psis[0].phi + math.log(narrowest), psi.phi)
    heard, after = torch.zeros(psi.size, dtype=torch.float64), before
    for stage, (columns, moving) in enumerate(_stages(psi, keys)):
        progress(stage / 2)

        def report(fraction: float, done: int = stage) -> None:
            progress((done + fraction) / 2)

        psi, z, after = _descend(scene, psi, floor, columns, moving, report)
        heard = torch.where(heard == 0, z, heard)
    return Relit(psi, before, after, moves_between(start, psi, heard))


def _stages(psi: Psi, keys: tuple[str, ...]) -> list[tuple[Tensor, Tensor]]:
    """[(which of LOOKS (S,) bool, which coordinates follow them (P,) bool)], in order.

    Grain is what noise is for: renders of few samples are grainier than any photograph, which blur would have to hide.
    All else is for the rest, but for contrast: between the tones of an image lies mostly what is to be seen in it.
    """
    grain = torch.tensor([name == "grain" for name in LOOKS])
    noise, contrast = (torch.zeros(psi.size, dtype=torch.bool) for _ in range(2))
    for key, coordinates in ((film_key("noise"), noise), (film_key("contrast"), contrast)):
        if key in keys:
            coordinates[psi.slices[key]] = True
    return [(~grain, ~(noise | contrast)), (grain, noise)]


def _descend(scene: _Scene, psi: Psi, floor: Tensor, columns: Tensor, moving: Tensor,
             progress: Callable[[float], None]) -> tuple[Psi, Tensor, Tensor]:
    """(psi whose coordinates ``moving`` have followed the looks ``columns``, how many standard errors each that has
    moved was from 0 at first (P,), the looks' distances (S,))."""
    scene.columns = columns.to(scene.real)
    scene.moving = {key for key in scene.keys if bool(moving[psi.slices[key]].any())}
    heard, value, length = torch.zeros(psi.size, dtype=torch.float64), scene.value(psi), STEP
    if not scene.moving:
        return psi, heard, value.distances
    noise = scene.noise_of_photographs(psi, value.seen)
    gradient, z = scene.gradient(psi, value, noise)
    z = torch.where(moving, z, 0.0)
    if not more_than_chance(z, int((z != 0).sum()), CHANCE):
        return psi, heard, value.distances
    for step in range(STEPS):
        progress(step / STEPS)
        direction = torch.where(z.abs() > HEARD, -gradient, 0.0)
        if not direction.any() or length < SHORTEST:
            break
        candidate = _wide(psi.step(length * direction / direction.norm()), floor)
        found = scene.value(candidate)
        if found.total < value.total:
            heard = torch.where((heard == 0) & (direction != 0), z, heard)
            psi, value, length = candidate, found, LONGER * length
            gradient, z = scene.gradient(psi, value, noise)
            z = torch.where(moving, z, 0.0)
        else:
            length = SHORTER * length
    return psi, heard, value.distances


def _wide(psi: Psi, floor: Tensor) -> Psi:
    """psi with spreads of at least ``floor`` (P,): their coordinates are logarithms."""
    return psi.with_phi(torch.where(psi.is_scale, torch.maximum(psi.phi, floor), psi.phi))


@dataclass(frozen=True)
class _Value:
    """At one psi the renders' looks (K, S), their distances (S,), the sum of those that count, and that by each look
    (K, S)."""

    seen: Tensor
    distances: Tensor
    total: float
    slopes: Tensor


class _Scene:
    """Renders of a store beside photographs, with the same random numbers for every psi."""

    def __init__(self, store: RenderStore, index: Tensor, keys: tuple[str, ...], photographs: Tensor, seed: int
                 ) -> None:
        self.store, self.keys, self.seed = store, keys, seed
        self.parts = index.split(images_at_once(*store.labels.shape[-2:]))
        real = torch.cat([looks(some).cpu() for some in photographs.split(images_at_once(*photographs.shape[-2:]))])
        self.scale = real.std(0).clamp(min=1e-3)
        self.real = real / self.scale
        self.columns = torch.ones(len(LOOKS)).to(real)      # 1 for the looks that count
        self.moving = set(keys)                             # what gradients are asked of

    def value(self, psi: Psi) -> _Value:
        seen = self._seen(psi).requires_grad_()
        distances = energy_distances(seen, self.real)
        total = (distances * self.columns).sum()
        slopes, = torch.autograd.grad(total, seen)
        return _Value(seen.detach(), distances.detach(), total.item(), slopes / self.scale)

    def gradient(self, psi: Psi, value: _Value, noise: Tensor) -> tuple[Tensor, Tensor]:
        """(P,) that of the total at psi, and (P,) how many of its standard errors that is, by the spread of what each
        render adds to it and the variance ``noise`` (P,)."""
        by_part = value.slopes.split([len(part) for part in self.parts])
        terms = torch.cat([self._pathwise(psi, number, [slope])[0] for number, slope in enumerate(by_part)])
        gradient, variance = terms.sum(0), terms.var(0) * len(terms) + noise
        return gradient, as_normal(gradient / variance.clamp(min=1e-24).sqrt(), len(terms) - 1)

    def noise_of_photographs(self, psi: Psi, seen: Tensor) -> Tensor:
        """(P,): the gradient's variance by the photographs, by blocks of neighbours, which are nearly one picture.

        ``seen`` (K, S): the looks of the renders at psi.
        """
        blocks = self.real.tensor_split(min(BLOCKS, len(self.real)))
        slopes = [2 * self.columns * (seen[:, None] - block).sign().mean(1) / self.scale / len(seen)
                  for block in blocks]
        by_part = zip(*(slope.split([len(part) for part in self.parts]) for slope in slopes), strict=True)
        terms = [self._pathwise(psi, number, list(of_blocks)) for number, of_blocks in enumerate(by_part)]
        return torch.cat(terms, 1).sum(1).var(0) / len(blocks)

    @torch.no_grad()
    def _seen(self, psi: Psi) -> Tensor:
        """(K, S): the renders' looks, in the photographs' deviations."""
        return torch.cat([looks(self._relit(psi, number)[0]).cpu() for number in range(len(self.parts))]) / self.scale

    def _relit(self, psi: Psi, number: int, differentiable: bool = False
               ) -> tuple[Tensor, Resampled, dict[str, Tensor]]:
        return relight(self.store, self.parts[number], psi, self.keys, derive_seed(self.seed, number),
                       differentiable=differentiable)

    def _pathwise(self, psi: Psi, number: int, slopes: list[Tensor]) -> Tensor:
        """(len(slopes), B, P): what each render of a part adds to a gradient, from that by its looks (B, S)."""
        images, resampled, leaves = self._relit(psi, number, differentiable=True)
        wanted = {key: leaf for key, leaf in leaves.items() if leaf.requires_grad and key in self.moving}
        seen, found = looks(images), []
        for slope in slopes:
            parts = torch.autograd.grad(seen, list(wanted.values()), slope.to(seen), allow_unused=True,
                                        retain_graph=True)
            found.append(resampled.pathwise(dict(zip(wanted, parts, strict=True))))
        return torch.stack(found)
