"""The store of renders in a checkpoint: by name where they lie on disk, else as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..protocol import AutoSimulateError, Render, SampleKey
from .psi import Psi
from .render_cache import RenderCache
from .renders import RenderStore


def pack_store(store: RenderStore, inline: bool) -> dict[str, Any]:
    """Plain Python and tensors. ``inline``: with the images themselves."""
    state: dict[str, Any] = {
        "keys": [list(key) for key in store.keys],
        "psis": [psi.flat() for psi in store.psis],
        "generation": store.generation.cpu().tolist() if len(store) else [],
    }
    if inline and len(store):
        state["images"] = {name: getattr(store, name).cpu() for name in
                           ("layers", "reference", "labels", "instances", "seconds")}
        state["draws"] = {key: draw.clone() for key, draw in store.draws.items()}
    return state


def unpack_store(store: RenderStore, state: dict[str, Any], start: Psi, caches: Sequence[RenderCache]) -> None:
    """Fills an empty ``store``, generation by generation, as it was filled the first time.

    A render that is neither in ``state`` nor on disk is rendered again by the first of ``caches``.
    """
    if len(store):
        raise ValueError("The loop has already begun: load a state into a new one")
    rows: dict[int, list[int]] = {}
    for row, generation in enumerate(state["generation"]):
        rows.setdefault(generation, []).append(row)
    for generation in sorted(rows):
        psi = start.with_flat(state["psis"][generation])
        keys = [SampleKey(*state["keys"][row]) for row in rows[generation]]
        if "images" in state:
            renders = [_inline(state, row, key) for row, key in zip(rows[generation], keys, strict=True)]
        else:
            draws = [psi.sample(key) for key in keys]
            renders = next((found for cache in caches if (found := cache.load_all(draws, keys)) is not None), None)
            if renders is None:
                renders = list(caches[0].render(draws, keys))
        if len(renders) != len(keys):
            raise AutoSimulateError("The simulator gave back fewer images than it was asked for.")
        store.add(renders, psi)


def shortened(store: RenderStore, size: int, start: Psi) -> RenderStore:
    """The store with its first ``size`` renders, whole generations; itself where it has no more."""
    if len(store) == size:
        return store
    state = pack_store(store, inline=True)
    state["generation"] = state["generation"][:size]
    short = RenderStore(store.factors, store.specification, store.device)
    unpack_store(short, state, start, [])
    return short


def _inline(state: dict[str, Any], row: int, key: SampleKey) -> Render:
    images = {name: values[row].numpy() for name, values in state["images"].items()}
    return Render(key, {name: draw[row].numpy() for name, draw in state["draws"].items()}, images["layers"],
                  images["reference"], images["labels"], images["instances"].astype(np.uint16),
                  float(images["seconds"]))
