"""The optimisation itself, from a checked job to its delivered result."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from ...core.fresh import FRESH_EPOCHS, evaluate_fresh
from ...core.loop import Loop
from ...core.psi import Psi
from ...core.search.autosimulate import BRIGHTNESS
from ..commands import influence
from ..config import RunConfig
from ..images.sheets import write_latest, write_sheet
from ..loop_config import loop_config
from ..process.log import logger
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.threads import use_threads
from ..record import checkpoint, psi_file
from ..record.directory import read_json, write_json
from ..record.events import EventLog, read_events
from ..report.record import why_no_influence
from ..scene.marked_scene import targets
from ..scene.simulator import BlenderSimulator
from . import deliver, demo
from .checked_run import Job


def optimize(job: Job, events: EventLog, stop: StopRequest) -> dict[str, Any]:
    """Runs ``job`` to its end and returns the final numbers. Raises Cancelled when ``stop`` says so."""
    began = time.monotonic()
    use_threads(job.config.width, job.config.height)
    with BlenderSimulator(job.marked.bridge(job.config), stop=stop) as simulator:
        run = _Run(job, events, stop, simulator)
        try:
            run.prepare()
            run.iterate()
            run.influence()
            numbers = run.compare()
            run.sheet("end", run.loop.final)
        except BaseException:
            run.keep()
            run.progress.close()
            raise
    numbers["seconds"] = round(time.monotonic() - began, 1)
    run.progress.update("report", 0.0, force=True)
    deliver.deliver(job, run.stages()["final"], numbers, events)
    run.progress.close()
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
        self._warned: set[str] = set()
        self._done = 0.0                            # iterations, with fractions

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
        for note in self.job.notes:
            self.events.write("problem", {"message": note})
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
            self._warn()

    def _warn(self) -> None:
        """Says once of each class that should be in the images and is not: such labels cannot be right."""
        for name in self.simulator.missing_classes():
            if name not in self._warned:
                self._warned.add(name)
                message = f"The class '{name}' is in the frame but in none of the images: check what hides it."
                self.events.write("problem", {"message": message})
                self.progress.say(f"Note: {message}")

    def keep(self) -> None:
        """psi.json and the latest samples, as of the last complete iteration."""
        if self.loop is None:
            return
        psi_file.write(self.job.directory.psi, self.simulator.factors, iteration=len(self.records),
                       seed=self.job.config.seed, stages=self.stages(), targets=targets(self.job.marked))
        write_latest(self.job.directory.latest_samples, self.loop.store)

    def stages(self) -> dict[str, psi_file.Plain]:
        return {"start": self.start.plain(), "latest": self.loop.psi.plain(), "best": self.loop.best.plain(),
                "final": self.loop.final.plain()}

    def compare(self) -> dict[str, Any]:
        """The final numbers; with ``config.compare`` those of fresh networks, on images nothing has looked at."""
        config, last = self.job.config, self.records[-1]
        held_out, split = (self.test, "test") if self.test is not None else (self.validation, "validation")
        numbers: dict[str, Any] = {
            "method": config.method, "approximation": config.approximation, "seed": config.seed,
            "iterations": len(self.records), "rendered": last["images"],
            **{name: last.get(name) for name in ("val_loss", "val_miou", "control_val_loss", "control_val_miou")},
            "images": config.fresh_count, "fresh_networks": config.fresh_networks, "split": split,
            "split_images": len(held_out), "rows": {}}
        if not config.compare:
            return numbers
        # The same underlying random numbers for both, so that they differ by psi alone.
        rows = {"start": self.start, "learned": self.loop.final}
        path = self.job.directory.checkpoints / "comparison.json"
        done = read_json(path, "comparison") if path.exists() else {}
        for position, (name, psi) in enumerate(rows.items()):
            if len(done.get(name, {}).get("mious", ())) != config.fresh_networks:       # none, or an older version's
                done[name] = evaluate_fresh(
                    loop_config(config), self.simulator, psi, config.fresh_count, config.seed, self.validation,
                    self.test, self._report_fresh(position / len(rows), 1.0 / len(rows)),
                    networks=config.fresh_networks, stop=self.stop, renders_dir=self.job.directory.renders / name)
                write_json(path, done)
        numbers["rows"] = {name: done[name] for name in rows}
        if split == "validation":
            self.events.write("problem", {"message": "No test folder was given: the final comparison is on the "
                                                     "validation images, which the optimization has seen."})
        return numbers

    def sheet(self, name: str, psi: Psi) -> None:
        """sheets/start.png and sheets/end.png, for the report; made once."""
        path = self.job.directory.sheets / f"{name}.png"
        if not path.exists():
            write_sheet(path, self.simulator, psi, self.job.config.seed)
            self.events.write("sheet", {"path": str(path.relative_to(self.job.directory.root))})

    def influence(self) -> None:
        """sheets/influence.png, for the report, where the method has a v.

        It costs a fraction of one hypergradient, and is not worth the run: problems are only told.
        """
        if why_no_influence(self.job.config.method, self.job.config.approximation) or self.stop():
            return
        path = self.job.directory.sheets / "influence.png"
        try:
            influence.write(path, self.loop)
        except Exception as error:
            logger.exception("influence")
            self.events.write("problem", {"message": f"The influence map could not be drawn "
                                                     f"({type(error).__name__}: {error})."})

    def _report(self, event: str, data: dict[str, Any]) -> None:
        """The loop's events. Those of iterations are held back until their checkpoint is safe."""
        if event == "iteration":
            self._pending = data
            if data["status"] == BRIGHTNESS:
                self.events.write("problem", {"message": _brightness_message(**data["details"])})
            scores = f", validation mIoU {data['val_miou']:.3f}"
            if data.get("control_val_miou") is not None:
                scores += f" (control {data['control_val_miou']:.3f})"
            self.progress.note = scores
            return
        if event == "train" and data["fraction"] < 1.0 and not self.progress.due:
            return                      # a line a training step would fill the log
        self.events.write(event, data)
        within = 0.5 * (data["sample"] + 1) / self.job.config.images if event == "render" else 0.5 + 0.5 * data["fraction"]
        done = len(self.records) + within
        self._done = max(done, self._done)      # the null control comes second in each iteration: never back
        self.progress.update("optimize", self._done / self.job.config.iterations, images=self.simulator.images)

    def _report_fresh(self, first: float, share: float) -> Callable[[str, dict[str, Any]], None]:
        def report(event: str, data: dict[str, Any]) -> None:
            trained = data["fraction"] if event == "train" else 0.0
            rendered = data["fraction"] if event == "render" else 1.0
            # The images are rendered once for all networks; a network is trained in about the time that takes.
            networks = self.job.config.fresh_networks
            within = (rendered + networks * trained) / (1 + networks)
            self.progress.update("final", first + share * within, images=self.simulator.images)

        return report


def _brightness_message(stops: float, matched: bool) -> str:
    far = f"The validation images are {abs(stops):.1f} stops {'brighter' if stops > 0 else 'darker'} than the first renders"
    if matched:
        return f"{far}: the lights were matched to them before anything was learned (Match Brightness)."
    return f"{far}, and no learnable light can be mixed anew: start from other lights, or mark Exposure as learnable."


def _weights(config: RunConfig) -> dict[str, float]:
    """How long the phases take relative to each other, in images rendered.

    A fresh network is trained in about the time that its images take. Of an iteration's networks each takes its share of
    that by the times it sees an image, and a hypergradient about as long as their training.
    """
    loop = loop_config(config)
    training = loop.training_steps * loop.batch_size / (config.images * FRESH_EPOCHS)   # of one network, an image
    searching = loop.ensemble * training * (2.0 if config.method == "autosimulate" else 1.0)
    control = 1.0 + training if config.control else 0.0
    return {"prepare": demo.VALIDATION_IMAGES + demo.TEST_IMAGES if not config.scene else 2.0,
            "optimize": config.iterations * config.images * (1.0 + searching + control),
            "final": 2.0 * config.fresh_count * (1.0 + config.fresh_networks) if config.compare else 0.0,
            "report": 10.0}
