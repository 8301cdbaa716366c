"""What a hypergradient of the convex head costs, from nothing and again, where the features are known.

A pool of renders of LM-O's wide start (as for ``photographs``, and the same pool on disk) and the photographs in val:
the head is fitted to all renders, and its exact hypergradient asked. Seconds are wall time, so that what else runs on
the machine counts: load is written down.

How long: a second or two for a render that is not on disk, one to three minutes a task.
"""

from __future__ import annotations

import argparse
import os
import time

import torch

from autosimulate_addon.core.config import LoopConfig
from autosimulate_addon.core.evaluation import as_validation
from autosimulate_addon.core.learners import Training, make_learner
from autosimulate_addon.core.tasks import make_task

from .photographs import add_pools, pools_of
from .photographs_pools import read_photographs
from .table import Table

COLUMNS = ("task", "seed", "renders", "width", "fit_s", "hypergradient_s", "again_s", "target_s", "threads", "load")
TASKS = ("segmentation", "detection")
#: Seconds of the second time, fit and hypergradient, for 320 renders at 256x192 on two cores.
TARGET = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pools(parser)


def run(options: argparse.Namespace) -> None:
    table = Table(options.results / "head_seconds.csv", COLUMNS, 2)
    table.require_one_version()
    pools = pools_of(options)
    wanted = [(task, seed) for seed in options.seeds for task in TASKS if (task, str(seed)) not in table.done()]
    for name, seed in wanted:
        store = pools.render(options.start, None, seed, options.count)     # anew: nothing is remembered of its images
        val, _ = read_photographs(pools.scene(options.start), pools.data, pools.config)
        load = os.getloadavg()[0]
        config = LoopConfig(task=name, learner="head", objective="calibrated")
        task = make_task(name, val.classes, config)
        learner, psi = make_learner(config, task, 0), store.psis[-1]
        validation, rows = as_validation(task, val, torch.device("cpu")), torch.arange(len(store))
        seconds = []
        for _ in range(2):
            began = time.monotonic()
            learner.fit(store, Training(psi, rows, 0, validation=validation), seed)
            fitted = time.monotonic()
            learner.estimate(store, rows, psi, validation, config.estimator_options, seed)
            seconds.append((fitted - began, time.monotonic() - fitted))
        (fit, hypergradient), again = seconds[0], sum(seconds[1])
        row = {"task": name, "seed": seed, "renders": len(store), "width": options.width, "fit_s": round(fit, 1),
               "hypergradient_s": round(hypergradient, 1), "again_s": round(again, 1), "target_s": TARGET,
               "threads": torch.get_num_threads(), "load": round(load, 1)}
        table.add(row)
        print(" ".join(f"{column} {value}" for column, value in row.items()), flush=True)
