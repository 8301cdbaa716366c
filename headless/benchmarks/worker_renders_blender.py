"""Pools of render processes over the demo: the part of the benchmark ``worker-renders`` that needs bpy."""

from __future__ import annotations

import time
from pathlib import Path

import bpy
import numpy as np

from autosimulate_addon.blender.marks.factors import factors_of
from autosimulate_addon.blender.render import scratch, session
from autosimulate_addon.protocol import SampleKey
from autosimulate_addon.run.process.script import render_worker_command
from autosimulate_addon.run.scene import scene_file
from autosimulate_addon.run.scene.farm import order
from autosimulate_addon.run.workers.child import Child, Limits
from autosimulate_addon.run.workers.pool import Pool
from autosimulate_addon.run.workers.process import LocalProcess

from .overhead_render import bare_copy, demo, draw_from, render_bare

#: No process is replaced: what it loses over many renders is to be seen.
LIMITS = Limits(renders=10**9, growth=1e9)


def pool(folder: Path, processes: int, threads: int, size: tuple[int, int, int]) -> Pool:
    """``processes`` of ``threads`` each, which render the demo at ``size``: width, height, samples."""
    scene, marks, classes = demo()
    made = session.RenderSession(scene, marks, classes, session.RenderSettings(*size))
    return _pool(made, folder, processes, threads)


def through_a_process_and_bare(folder: Path, size: tuple[int, int, int], renders: int) -> list[list[float]]:
    """Processor seconds of each render: in the process, in this one for asking it, in this one for bare Cycles.

    Both render the same draw with one thread, after three that load kernels and build everything.
    """
    scene, marks, classes = demo()
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    found, before = [], 0.0
    made = session.RenderSession(scene, marks, classes, session.RenderSettings(*size))
    with _pool(made, folder, 1, 1) as there, made as here:
        plain, generator = bare_copy(here.stage), np.random.default_rng(0)
        for number in range(renders + 4):
            draw, key = draw_from(here.factors, generator), SampleKey(0, 0, number)
            began = time.process_time()
            [(_, said)] = there.render([draw], [key])
            asked = time.process_time() - began
            here._put(here._groups.floored(draw))
            found.append([said["processor"] - before, asked,
                          render_bare(plain, session.seed_of(key), time.process_time)])
            before = said["processor"]
    bpy.data.scenes.remove(plain)
    return found[4:]


def _pool(made: session.RenderSession, folder: Path, processes: int, threads: int) -> Pool:
    copy = folder / f"{processes}.blend"
    scene_file.save_copy(copy)
    asked = order(made, str(copy), threads)
    command = render_worker_command()

    def start(place: int) -> Child:
        return Child(LocalProcess(command, folder / f"{processes}_{place}.log", {"OMP_NUM_THREADS": str(threads)},
                                  sweep=scratch.remove), asked, LIMITS)

    return Pool(start, processes, LIMITS)


def draws(count: int, iteration: int) -> tuple[list[dict[str, np.ndarray]], list[SampleKey]]:
    """Draws around the demo's start, with their keys."""
    factors, generator = factors_of(demo()[1]), np.random.default_rng(iteration)
    return ([draw_from(factors, generator) for _ in range(count)],
            [SampleKey(0, iteration, sample) for sample in range(count)])
