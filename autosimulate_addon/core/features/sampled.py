"""Features of some pixels of each image: all that a classifier of pixels needs to see of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..datasets.dataset import IGNORE
from ..film import noise_seeds
from ..randomness import seed_of
from ..renders import RenderStore
from ..tasks.task import Task
from .encoder import STRIDE, Encoder

#: Of an image; half of them in the foreground, as far as it has so many. Neighbours say much the same.
PIXELS = 600
#: Images that an encoder is given at once.
AT_ONCE = 4

#: (the maps of images, their targets, a seed for each, the (height, width) of the images) -> what a head sees of them:
#: something with rows that is joined by the ``join`` of its class.
Sampler = Callable[[list[Tensor], Tensor, list[int], torch.Size], Any]


@dataclass(frozen=True)
class SampledPixels:
    """Pixels of n images at the encoder's size; ``share`` sums to 1 over each image's.

    ``features`` (n, PIXELS, channels) float16, ``classes`` (n, PIXELS) int64, ``share`` (n, PIXELS) float32: what part
    of the image's labelled pixels each stands for; ``places`` (n, PIXELS) int64: its index in the flat image.
    """

    features: Tensor
    classes: Tensor
    share: Tensor
    places: Tensor

    def __len__(self) -> int:
        return len(self.classes)

    def rows(self, index: Tensor) -> SampledPixels:
        return SampledPixels(self.features[index], self.classes[index], self.share[index], self.places[index])

    @classmethod
    def join(cls, parts: list[SampledPixels]) -> SampledPixels:
        return cls(*(torch.cat([getattr(part, name) for part in parts])
                     for name in ("features", "classes", "share", "places")))


class StoreFeatures:
    """What is sampled of a store's renders as they were drawn, each encoded once."""

    def __init__(self, encoder: Encoder, sampler: Sampler) -> None:
        self.encoder, self.sampler = encoder, sampler
        self._sampled: Any = None

    def __len__(self) -> int:
        return len(self._sampled) if self._sampled is not None else 0

    def of(self, task: Task, store: RenderStore, progress: Callable[[float], None] = lambda fraction: None) -> Any:
        """Those of all renders. New ones are encoded in groups that begin with their generation: the same renders give
        the same numbers, whenever they are asked for.
        """
        first, new = len(self), []
        generations = store.generation.tolist()
        rows: list[int] = []
        for row in range(first, len(store)):
            rows.append(row)
            ends = row + 1 == len(store) or generations[row + 1] != generations[row]
            if len(rows) == AT_ONCE or ends:
                new.append(self._encode(task, store, torch.tensor(rows)))
                rows = []
                progress((row + 1 - first) / (len(store) - first))
        if new:
            known = [self._sampled] if self._sampled is not None else []
            self._sampled = type(new[0]).join(known + new)
        return self._sampled

    @torch.no_grad()
    def _encode(self, task: Task, store: RenderStore, rows: Tensor) -> Any:
        keys = [store.keys[row] for row in rows.tolist()]
        seeds = [noise_seeds(seed_of(key, "features"), 1)[0] for key in keys]
        images = store.images(rows, None, seeds).contiguous(memory_format=torch.channels_last)      # a tenth faster
        scales = self.encoder.scales(images)
        return self.sampler(scales, store.targets(task, rows), [seed_of(key, "pixels") for key in keys],
                            images.shape[-2:])


#: The features of each store, for as long as it lives: whoever learns from it by the same encoder sees the same ones.
_OF_STORES: weakref.WeakKeyDictionary[RenderStore, dict[Hashable, StoreFeatures]] = weakref.WeakKeyDictionary()


def features_of(store: RenderStore, encoder: Encoder, what: Hashable, sampler: Sampler) -> StoreFeatures:
    """``what`` the ``sampler`` takes of each image: the same for all samplers that take the same."""
    known = _OF_STORES.setdefault(store, {})
    return known.setdefault((encoder, what), StoreFeatures(encoder, sampler))


def sample(scales: list[Tensor], labels: Tensor, seeds: list[int], pixels: int = PIXELS) -> SampledPixels:
    """``pixels`` of each image, of its maps (n, c, h, w) at any size and labels (n, H, W); all, where it has no more.

    Half are foreground; where there is not so much, or so much background, the other takes its place.
    """
    height, width = labels.shape[-2:]
    places, share = [], []
    for each, seed in zip(labels[:, ::STRIDE, ::STRIDE].flatten(1).cpu(), seeds, strict=True):
        at, part = _choose(each, pixels, torch.Generator().manual_seed(seed))
        places.append(at)
        share.append(part)
    at, columns = torch.stack(places).to(labels.device), -(-width // STRIDE)
    rows, columns_at = at // columns, at % columns
    size = torch.tensor([columns, -(-height // STRIDE)], device=labels.device)
    grid = (2 * torch.stack([columns_at, rows], -1) + 1) / size - 1                      # (n, pixels, 2), x first
    whole = rows * STRIDE * width + columns_at * STRIDE
    classes = labels.flatten(1).gather(1, whole)
    classes = torch.where(classes == IGNORE, 0, classes)
    return SampledPixels(features_at(scales, grid), classes, torch.stack(share).to(labels.device), whole)


def features_at(scales: list[Tensor], places: Tensor) -> Tensor:
    """(n, points, channels) float16 of maps (n, c, h, w) at ``places`` (n, points, 2), x and y from -1 to 1."""
    # In half precision, which is how photographs' maps are kept, grid_sample gives NaN on a CPU.
    return torch.cat([F.grid_sample(each.float(), places[:, None].float(), "bilinear", "border", False)[:, :, 0]
                      for each in scales], 1).transpose(1, 2).half()


def _choose(labels: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(places (count,), what part of the labelled pixels each stands for (count,))."""
    if len(labels) <= count:
        labelled = labels != IGNORE
        return torch.arange(len(labels)), labelled / labelled.sum().clamp(min=1)
    groups = [((labels > 0) & (labels != IGNORE)).nonzero()[:, 0], (labels == 0).nonzero()[:, 0]]
    known = sum(len(group) for group in groups)
    if not known:
        return torch.zeros(count, dtype=torch.long), torch.zeros(count)
    half = min(len(groups[0]), count - min(len(groups[1]), count // 2))
    takes = (half, count - half) if len(groups[1]) else (count, 0)
    places, share = [], []
    for group, take in zip(groups, takes, strict=True):
        if take:
            order = torch.randperm(len(group), generator=generator)
            chosen = group[order.repeat(-(-take // len(group)))[:take]]
            places.append(chosen)
            share.append(torch.full((take,), len(group) / known / take))
    return torch.cat(places), torch.cat(share)
