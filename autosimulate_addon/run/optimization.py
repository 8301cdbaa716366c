"""The optimisation itself, from a checked job to its delivered result."""

from __future__ import annotations

import os
import time
from typing import Any

from ..core.datasets import Dataset
from ..core.fresh import evaluate_fresh
from ..core.loop import Loop, LoopConfig
from ..core.psi import Psi
from . import checkpoint, demo, deliver, psi_file
from .blender_simulator import BlenderSimulator
from .config import RunConfig
from .events import EventLog, read_events
from .job import Job
from .prepare import targets
from .progress import Progress
from .sheets import write_latest, write_sheet
from .signals import StopRequest


def optimize(job: Job, events: EventLog, stop: StopRequest) -> dict[str, Any]:
    """Runs ``job`` to its end and returns the final numbers. Raises Cancelled when ``stop`` says so."""
    began = time.monotonic()
    with BlenderSimulator(job.marked.bridge(job.config), stop=stop) as simulator:
        run = _Run(job, events, stop, simulator)
        try:
            run.prepare()
            run.iterate()
            numbers = run.compare()
            run.sheet("end", run.loop.final)
        except BaseException:
            run.keep()
            raise
        finally:
            run.progress.close()
    numbers["seconds"] = round(time.monotonic() - began, 1)
    deliver.write_all(job, run.stages(), numbers)
    events.write("done", {"numbers": numbers, "psi": run.stages()["final"]})
    deliver.say_result(job, numbers)
    return numbers


class _Run:
    """One process's part of a run."""

    def __init__(self, job: Job, events: EventLog, stop: StopRequest, simulator: BlenderSimulator) -> None:
        self.job, self.events, self.stop, self.simulator = job, events, stop, simulator
        self.progress = Progress(_weights(job.config), events.write)
        self.start = Psi.from_plain(simulator.factors, job.start)
        self.loop: Loop | None = None
        self.records: list[dict[str, Any]] = []     # of the iterations so far, as events

    def prepare(self) -> None:
        """The start event, the demo's own data, the loop at its last checkpoint."""
        config, directory = self.job.config, self.job.directory
        self.events.write("start", {
            "method": config.method, "approximation": config.approximation, "iterations": config.iterations,
            "images": config.images, "seed": config.seed, "pid": os.getpid(), "width": config.width,
            "height": config.height, "factors": [{"key": factor.key, "family": factor.family, "unit": factor.unit}
                                                 for factor in self.simulator.factors]})
        self.progress.update("prepare", 0.0, force=True)
        self.validation, self.test = self.job.validation, self.job.test
        if not config.scene:
            self.validation, self.test = demo.labelled_images(self.job, self.simulator, self.progress)
        for note in (*self.validation.notes, *(self.test.notes if self.test else ())):
            self.events.write("problem", {"message": note})
        self.loop = Loop(loop_config(config), self.simulator, self.validation, self.start, report=self._report,
                         stop=self.stop, renders_dir=directory.renders)
        state = checkpoint.load(directory.checkpoints)
        if state is not None:
            self.loop.load_state_dict(state["loop"])
            self.records = state["records"]
            # A kill between checkpoint and event leaves the log an iteration behind.
            logged = {event["iteration"] for event in read_events(directory.events) if event["event"] == "iteration"}
            for record in self.records:
                if record["iteration"] not in logged:
                    self.events.write("iteration", record)
        self.sheet("start", self.start)

    def iterate(self) -> None:
        """Algorithm 1, one complete iteration at a time, each followed by a checkpoint."""
        while not self.loop.done:
            self._pending: dict[str, Any] | None = None
            self.loop.iterate()
            # The event comes after the checkpoint, so that no iteration is told of twice.
            self.records.append(self._pending)
            checkpoint.save(self.job.directory.checkpoints, {"loop": self.loop.state_dict(), "records": self.records})
            self.events.write("iteration", self._pending)
            self.keep()

    def keep(self) -> None:
        """psi.json and the latest samples, as of the last complete iteration."""
        if self.loop is None:
            return
        psi_file.write(self.job.directory.psi, self.simulator.factors, iteration=len(self.records),
                       seed=self.job.config.seed, stages=self.stages(), targets=targets(self.job.marked))
        write_latest(self.job.directory.latest_samples, self.simulator)

    def stages(self) -> dict[str, psi_file.Plain]:
        return {"start": self.start.plain(), "latest": self.loop.psi.plain(), "best": self.loop.best.plain(),
                "final": self.loop.final.plain()}
