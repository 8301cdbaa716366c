"""Pools of render processes over the demo: the part of the benchmark ``worker-renders`` that needs bpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autosimulate_addon.blender.marks.factors import factors_of
from autosimulate_addon.blender.render import session
from autosimulate_addon.protocol import SampleKey
from autosimulate_addon.run.process.script import render_worker_command
from autosimulate_addon.run.scene.worker_simulator import order
from autosimulate_addon.run.workers.child import Child, Limits
from autosimulate_addon.run.workers.pool import Pool

from .overhead_render import demo, draw_from

#: No process is replaced: what it loses over many renders is to be seen.
LIMITS = Limits(renders=10**9, growth=1e9)


def pool(folder: Path, processes: int, threads: int) -> Pool:
    """``processes`` of ``threads`` each, which render the demo at 64x48 with 4 samples."""
    scene, marks, classes = demo()
    made = session.RenderSession(scene, marks, classes, session.RenderSettings(64, 48, 4))
    asked = order(made, folder / f"{processes}.blend", threads)
    command = render_worker_command()
    return Pool(lambda place: Child(command, asked, folder / f"{processes}_{place}.log", LIMITS,
                                    {"OMP_NUM_THREADS": str(threads)}), processes, LIMITS)


def draws(count: int, iteration: int) -> tuple[list[dict[str, np.ndarray]], list[SampleKey]]:
    """Draws around the demo's start, with their keys."""
    factors, generator = factors_of(demo()[1]), np.random.default_rng(iteration)
    return ([draw_from(factors, generator) for _ in range(count)],
            [SampleKey(0, iteration, sample) for sample in range(count)])
