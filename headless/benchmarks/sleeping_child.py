"""A render process of ``worker_scaling`` that sleeps as long as a render would take. A program of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autosimulate_addon.protocol import Draw, Render, SampleKey
from autosimulate_addon.run.workers.serve import Renderer, serve


@contextlib.contextmanager
def opened(order: Mapping[str, Any]) -> Iterator[Renderer]:
    """``order``: ``seconds`` a render, and what it says about itself: layers and size."""
    size, layers = tuple(order["about"]["size"]), len(order["about"]["layers"])

    def render(draw: Draw, key: SampleKey) -> Render:
        time.sleep(order["seconds"])
        return Render(key, draw, np.zeros((layers, *size, 3), np.float16), np.ones((layers, 3), np.float32),
                      np.zeros(size, np.uint8), np.zeros(size, np.uint16), order["seconds"])

    yield Renderer(order["about"], render)


if __name__ == "__main__":
    serve(opened)
