"""Matching as a run does it: round by round on all renders so far, whose statistics are taken once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..features import Encoder, feature_groups, image_statistics
from ..film import EXPOSURE, FILM
from ..hypergradient.chunks import images_at_once
from ..hypergradient.pathwise import relight, relightable
from ..hypergradient.validation import Validation
from ..psi import Psi
from ..randomness import derive_seed, seed_of
from ..renders import RenderStore, mixture
from ..tasks.task import Task
from .areas import areas
from .brightness import match_brightness
from .match import Matched, MatchOptions, listed, match
from .mmd import Distance
from .relit import MOST, Relit, match_looks

#: The distances that are summed.
FEATURES, LABELS = "features", "labels"


@dataclass(frozen=True)
class Round:
    """One round of matching: psi, what moved by evidence, and what brightness alone had moved before."""

    psi: Psi
    matched: Matched
    renders: int
    stops: float            # how much brighter the photographs were than the renders
    far: bool               # whether that was beyond what the renders cover
    lit: bool               # whether lights and exposure were brought to their brightness first
    left: float             # how many stops brighter the photographs still were after that
    looks: Relit            # what lights and film were then moved by
    #: MMD^2 before and after, by class of the labels and by scale of the features.
    by_class: Mapping[str, tuple[float, float]]
    by_scale: Mapping[str, tuple[float, float]]
    #: The share of an image that a class takes up, in renders of the new psi and in photographs: see ``areas``.
    areas: Mapping[str, tuple[float, float]]

    @property
    def nothing_left(self) -> bool:
        """Whether these renders have nothing more to say: psi has hardly moved."""
        return not self.lit and not self.looks.moves and self.matched.kl < LEAST_MOVE

    def details(self) -> dict[str, Any]:
        """As plain numbers, for the log."""
        matched = self.matched.details()
        lit = listed(self.looks.moves)
        return {**matched, "moved": lit + matched["moved"], "looks": self.looks.details() if lit else {},
                "before": dict(zip((FEATURES, LABELS), matched["before"], strict=True)),
                "after": dict(zip((FEATURES, LABELS), matched["after"], strict=True)),
                "classes": {name: list(pair) for name, pair in self.by_class.items()},
                "scales": {name: list(pair) for name, pair in self.by_scale.items()},
                "areas": {name: list(pair) for name, pair in self.areas.items()},
                "renders": self.renders, "stops": self.stops, "far": self.far,
                "lit": self.lit, "left": self.left}


#: Nats that psi moves by at least in a round that calls for another.
LEAST_MOVE = 0.02


class Matcher:
    """Renders against photographs, in an encoder's features and in what their labels hold.

    The statistics of a render are taken once, under the lights and film it was drawn with. In the first round, again
    where there are twice as many, and where lights and film are far from every photograph's brightness, the renders so
    far are lit and filmed anew first, which takes no new render: they then count as drawn from the psi of those lights
    and that film.
    """

    def __init__(self, encoder: Encoder, task: Task, validation: Validation, options: MatchOptions) -> None:
        self.encoder, self.task, self.options = encoder, task, options
        self.photographs = validation.images
        self.real = {FEATURES: self._features(validation.images), LABELS: task.statistics(validation.targets).cpu()}
        self.features = torch.zeros(0, 2 * encoder.channels)
        self.draws: dict[str, Tensor] = {}
        #: (first rows that were lit anew, phi of their lights, seed), or None.
        self.relit: tuple[int, Tensor, int] | None = None
        self.looked = 0         # renders whose looks were matched the last time

    def round(self, store: RenderStore, batch: Tensor, psi: Psi, seed: int,
              progress: Callable[[float], None] = lambda fraction: None, claimed: Tensor | None = None) -> Round:
        """Matches on all renders of ``store``; ``batch`` (K,): the rows that were drawn last.

        ``progress`` is called with the fraction of the long piece, the looks, that is done. ``claimed`` (P,) bool:
        coordinates that others move; looks stay where one of theirs is among them.
        """
        held = self.held(psi) if claimed is None else self.held(psi) | claimed
        before = psi
        brightness = match_brightness(store, batch, psi, self.photographs, derive_seed(seed, "brightness"))
        lit, psi = brightness.psi is not before, brightness.psi
        looks = Relit(psi)
        if self.options.looks and self.looked < MOST and len(store) >= 2 * self.looked and \
                not (claimed is not None and any(bool(claimed[psi.slices[key]].any()) for key in relightable(store))):
            self.looked = len(store)
            looks = match_looks(store, psi, self.photographs, self.options.narrowest, derive_seed(seed, "looks"),
                                progress)
            psi = looks.psi
        if psi is not before:
            self.relit = (len(store), psi.phi, seed)
            self.features, self.draws = self.features[:0], {}
        self._take(store, psi)
        features = Distance(self.features, self.real[FEATURES])
        labels = Distance(self.task.statistics(store.targets(self.task, torch.arange(len(store)))), self.real[LABELS])
        matched = match(psi, self.draws, self._log_q(store, psi), [features], self.options, held, labels,
                        placed(psi, relightable(store)))
        return Round(matched.psi, matched, len(store), brightness.stops, brightness.far, lit, brightness.left, looks,
                     _by_group(labels, self.task.statistics_groups(), matched),
                     _by_group(features, feature_groups(self.encoder), matched),
                     areas(labels, self.task.statistics_groups(), matched.weights[1]))

    def held(self, psi: Psi) -> Tensor:
        """(P,) bool: the film that does not move. As wide as it began it is an augmentation; exposure is matched."""
        film = () if self.options.film else tuple(key for key in FILM if key != EXPOSURE)
        held = torch.zeros(psi.size, dtype=torch.bool)
        for key in film:
            if key in psi.slices:
                held[psi.slices[key]] = True
        return held

    def _take(self, store: RenderStore, psi: Psi) -> None:
        """Statistics and draws of the renders that came since the last time.

        One generation after the other, so that a resumed run adds up the same numbers in the same order.
        """
        keys, size = relightable(store), images_at_once(*store.labels.shape[-2:])
        rows, phi, seed = self.relit or (0, psi.phi, 0)
        first, generations = len(self.features), store.generation.cpu()
        for generation in generations[first:].unique():
            for index in (generations == generation).nonzero()[:, 0].split(size):
                if index[0] < rows:
                    images, redrawn, _ = relight(store, index, psi.with_phi(phi), keys,
                                                 derive_seed(seed, "relit", int(index[0])))
                    self._append(store, index, self._features(images), redrawn)
                else:
                    seeds = [seed_of(store.keys[row], "match") for row in index.tolist()]
                    self._append(store, index, self._features(store.images(index, None, seeds)), {})

    def _append(self, store: RenderStore, index: Tensor, features: Tensor, redrawn: Mapping[str, Tensor]) -> None:
        self.features = torch.cat([self.features, features])
        for key, values in store.draws.items():
            new = redrawn[key].detach().to(values) if key in redrawn else values[index]
            self.draws[key] = torch.cat([self.draws[key], new]) if key in self.draws else new

    def _features(self, images: Tensor) -> Tensor:
        return image_statistics(self.encoder, images).cpu()

    def _log_q(self, store: RenderStore, psi: Psi) -> Tensor:
        """(N,): log density of the draws under the mixture of what all of them were drawn from (balance heuristic)."""
        if self.relit is None:
            return store.log_mixture(factor.key for factor in store.factors)
        sources, (rows, phi, _) = list(store.psis), self.relit
        for index in range(int(store.generation[rows - 1]) + 1):        # as they were rendered, under the new lights
            mixed = sources[index].phi.clone()
            for key in relightable(store):
                mixed[psi.slices[key]] = phi[psi.slices[key]]
            sources[index] = psi.with_phi(mixed)
        return mixture(torch.stack([source.log_q(self.draws) for source in sources], 1), store.generation)

    def state_dict(self) -> dict[str, Any]:
        """Which renders were lit anew, and how; their statistics follow from the renders."""
        return {"relit": list(self.relit) if self.relit else None, "looked": self.looked}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        relit = state["relit"]
        self.relit = (int(relit[0]), torch.as_tensor(relit[1]), int(relit[2])) if relit else None
        self.looked = state.get("looked", 0)         # a run of before has none
        self.features, self.draws = self.features[:0], {}


def placed(psi: Psi, lit: Sequence[str]) -> Tensor:
    """(P,) bool: the coordinates of continuous factors but for lights and film (``lit``): where things are, how large.

    Of these labels alone know where to stop. In features a photograph is like none of the renders, and along such a
    factor the least unlike are at one end: nearer, or seen from lower, whatever the photographs are.
    """
    found = torch.zeros(psi.size, dtype=torch.bool)
    for factor in psi.factors:
        if factor.continuous and factor.key not in lit:
            found[psi.slices[factor.key]] = True
    return found


def _by_group(distance: Distance, groups: Mapping[str, Tensor], matched: Matched) -> dict[str, tuple[float, float]]:
    before, after = matched.weights
    values = {}
    for name, columns in groups.items():
        part = distance.of(columns)
        values[name] = (part.value(before), part.value(after))
    return values
