"""What each arm learns psi by: the product's own loop, whose first renders are the seed's pool."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.datasets import Dataset
from autosimulate_addon.core.loop import State, optimize

from .photographs_pools import Pools, psi_of

#: The convex head, and the loss after calibration on the photographs.
_HEAD = {"learner": "head", "objective": "calibrated"}
#: Arm -> what it is of ``LoopConfig``; None: nothing is learned.
ARMS: dict[str, dict[str, Any] | None] = {
    "none": None, "expert": None,
    "match": {"method": "match", "match_looks": False},
    "match-looks": {"method": "match"},
    "match-rounds": {"method": "match"},
    "autosimulate": {"method": "autosimulate", "match": False, **_HEAD},
    "match-autosimulate": {"method": "autosimulate", "match": True, **_HEAD},
}


def learn(arm: str, pools: Pools, start: str, validation: Dataset, seed: int, iterations: int, images: int
          ) -> dict[str, Any]:
    """{"psi" in plain numbers, "kl" from its start, "renders", "log" of the iterations} of one run.

    Renders that another arm of the seed has asked for are read, not rendered again.
    """
    config = LoopConfig(**(ARMS[arm] or {}), task=pools.task, iterations=iterations, images=images, seed=seed,
                        control=False)
    with pools.simulator(start) as simulator:
        state = State(config, simulator, validation, psi_of(simulator, None),
                      renders_dir=Path(pools.folder / pools.name(start, None, seed)))
        log = []
        for iteration in optimize(state):
            log.append({"status": iteration.outcome.status, "details": iteration.outcome.details,
                        "val_metric": iteration.val_metric, "seconds": iteration.seconds})
            print(f"   {arm} {iteration.iteration}: {iteration.outcome.status} {iteration.seconds}", file=sys.stderr,
                  flush=True)
        return {"psi": state.final.plain(), "kl": state.final.kl(state.start),
                "renders": len(state.store), "log": log}
