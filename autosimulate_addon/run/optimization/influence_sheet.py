"""Which pixels of which renders helped: the influence sheet of a run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ...core.influence import influence as influence_of
from ...core.loop import State
from ...protocol import AutoSimulateError
from ..images.pictures import SOFTWARE
from ..process.log import logger
from ..record.directory import atomic_path

#: Renders on the sheet.
COUNT = 16


def write(path: Path, state: State, count: int = COUNT) -> int:
    """The sheet of the last ``count`` renders of ``state`` at its present weights; returns how many there were.

    The run is not touched: neither weights nor psi nor any stream of random numbers. Raises AutoSimulateError when
    v is not finite.
    """
    from ..report import influence  # matplotlib: only whoever draws pays for loading it

    began = time.perf_counter()
    measured = influence_of(state, count)
    if not np.isfinite(measured.maps).all():
        raise AutoSimulateError("The influence of the renders is not finite, so there is nothing to show.")
    solved = time.perf_counter()
    with atomic_path(path) as temporary:
        influence.draw(measured.images, measured.labels, measured.maps, state.task.classes).savefig(
            temporary, metadata={"Software": SOFTWARE})
    logger.info("influence of %d renders: %.2f s to compute, %.2f s to draw", len(measured.maps), solved - began,
                time.perf_counter() - solved)
    return len(measured.maps)
