"""The optimisation itself, from a checked job to its delivered result."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from ...core import loop
from ...core.evaluation import FROM_SCRATCH_EPOCHS, Evaluation, evaluate_from_scratch
from ...core.loop import State, with_control
from ...core.psi import Psi
from ...core.tasks import make_task
from ...core.watch import Watch
from ...protocol import InputError, Moments
from ...protocol.events import MATCHED, Event, Iteration, Problem, Rendered, Sheet, Start, Trained
from ...protocol.numbers import Numbers, Row
from ...protocol.settings import HYPERGRADIENT_METHODS
from ..config import RunConfig
from ..images.boxes import write_predictions
from ..images.sheets import COUNT as SHEET_COUNT
from ..images.sheets import write_latest, write_sheet
from ..loop_config import loop_config
from ..process.log import logger
from ..process.notes import tell
from ..process.progress import Progress
from ..process.signals import StopRequest
from ..process.threads import use_threads
from ..record import checkpoint, psi_file
from ..record.directory import read_json, write_json
from ..record.events import EventLog, read_events
from ..report import agreement, matching
from ..report.record import why_no_influence
from ..scene.marked_scene import targets
from ..scene.simulator import BlenderSimulator, open_simulator
from . import advice, deliver, demo, influence_sheet, taken_home, unseen
from .checked_run import CheckedRun
from .part import attempt


def optimize(job: CheckedRun, events: EventLog, stop: StopRequest) -> Numbers:
    """Runs ``job`` to its end and returns the final numbers. Raises Cancelled when ``stop`` says so."""
    began = time.monotonic()
    use_threads(job.config.width, job.config.height)
    tell(job.notes)                                 # before anything is rendered
    if not any(isinstance(event, Start) for event in read_events(job.directory.events)):
        hidden = unseen.notes(job.marked, job.config, job.start, stop)
        tell(hidden)
        job = replace(job, notes=(*job.notes, *hidden))
    with open_simulator(job.marked, job.config, stop=stop) as simulator:
        run = _Run(job, events, stop, simulator)
        try:
            run.prepare()
            run.iterate()
            run.predictions()
            run.influence()
            numbers = run.compare()
            run.sheet("end", run.state.final)
        except BaseException:
            run.progress.close()
            raise
    numbers = replace(numbers, seconds=round(time.monotonic() - began, 1))
    run.progress.update("report", 0.0, force=True)
    deliver.deliver(job, run.stages()[psi_file.FINAL], numbers, events)
    run.progress.close()
    deliver.say_result(job, numbers)
    return numbers


class _Run:
    """One process's part of a run."""

    def __init__(self, job: CheckedRun, events: EventLog, stop: StopRequest, simulator: BlenderSimulator) -> None:
        self.job, self.events, self.stop, self.simulator = job, events, stop, simulator
        self.progress = Progress(_weights(job.config), events.write)
        self.start = Psi.from_plain(simulator.factors, job.start)
        self.state: State | None = None
        self.control: State | None = None
        self.records: list[Iteration] = []          # the iterations so far
        settings = loop_config(job.config)
        self.task = make_task(settings.task, simulator.classes, settings)
        self.metric, self.trains = self.task.metric, settings.trains
        self._warned: set[str] = set()
        self._done = 0.0                            # iterations, with fractions

    def prepare(self) -> None:
        """The start event, the demo's own data, the run and its null control at their last checkpoint."""
        config, directory = self.job.config, self.job.directory
        self.events.write(Start(
            os.getpid(), method=config.method, approximation=config.approximation, iterations=config.iterations,
            images=config.images, seed=config.seed, metric_name=self.metric,
            learner=config.learner if self.trains else None, width=config.width, height=config.height,
            factors=[{"key": factor.key, "family": factor.family, "unit": factor.unit}
                     for factor in self.simulator.factors]))
        for note in dict.fromkeys(self.job.notes):
            self.events.write(Problem(note))
        self.progress.update("prepare", 0.0, force=True)
        self.validation, self.test = self.job.validation, self.job.test
        if not config.scene:
            self.validation, self.test = demo.labelled_images(config, directory, self.job.marked.classes,
                                                              self.simulator, self.progress)
        self._tell(*self.validation.notes, *(self.test.notes if self.test else ()))
        settings = loop_config(config)
        self.state = State(settings, self.simulator, self.validation, self.start, real=self.job.real,
                           renders_dir=directory.renders)
        if config.control and self.trains:
            self.control = State(settings.of_control(), self.simulator, self.validation, self.start,
                                 real=self.job.real,
                                 renders_dir=directory.renders, beside=self.state)
        saved = checkpoint.load(directory.checkpoints)
        if saved is not None:
            self._go_on(saved)
            # A kill between checkpoint and event leaves the log an iteration behind.
            logged = {event.iteration for event in read_events(directory.events) if isinstance(event, Iteration)}
            for record in self.records:
                if record.iteration not in logged:
                    self.events.write(record)
        self.sheet("start", self.start)
        self.keep()

    def _go_on(self, saved: dict[str, Any]) -> None:
        """Takes over a checkpoint. Raises InputError where it lacks something, or is of other settings."""
        try:
            self.state.load_state_dict(saved["loop"])
            if self.control:
                self.control.load_state_dict(saved["control"])
            self.records = [Iteration.read(record) for record in saved["records"]]
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise InputError(f"The checkpoint in '{self.job.directory.checkpoints}' does not fit the run's config.json "
                             f"({type(error).__name__}: {error}); start a new run with --psi "
                             f"'{self.job.directory.root}'.") from error

    def iterate(self) -> None:
        """Algorithm 1, one complete iteration at a time, each followed by a checkpoint."""
        for iteration, control in with_control(self.state, self.control, Watch(self._report, self.stop),
                                               Watch(self._report_control, self.stop)):
            record = _record(iteration, control)
            self.records.append(record)
            # The event comes after the checkpoint, so that no iteration is told of twice.
            checkpoint.save(self.job.directory.checkpoints, {
                "loop": self.state.state_dict(), "control": self.control and self.control.state_dict(),
                "records": [asdict(each) for each in self.records]})
            self.events.write(record)
            self.keep()
            self._say(record)
            self._warn()
        if self.state.search.over and len(self.records) < self.job.config.iterations:
            self._tell(agreement.over(self.records, self.job.config.iterations))

    def _say(self, record: Iteration) -> None:
        """What the progress line says of the iteration; photographs far brighter or darker are a note."""
        if record.status == MATCHED:
            self.progress.say(matching.sentence(record.details))
            if message := matching.brightness(record.details):
                self._tell(message)
        if said := agreement.sentence(record.details):
            self.progress.say(said)
        if record.status != MATCHED and (found := matching.of_round(record)):
            self.progress.say(matching.sentence(found))
        if message := advice.little_found(record, self.job.config, self.metric):
            self._tell(message)
        scores = "" if math.isnan(record.val_metric) else f", validation {self.metric} {record.val_metric:.3f}"
        if not math.isnan(record.control_val_metric):
            scores += f" (control {record.control_val_metric:.3f})"
        self.progress.note = scores

    def _tell(self, *notes: str) -> None:
        tell(notes, self.events.write, self.progress.say)

    def _warn(self) -> None:
        """Says once of each class that should be in the images and is not: such labels cannot be right."""
        for name in self.simulator.missing_classes():
            if name not in self._warned:
                self._warned.add(name)
                self._tell(f"The class '{name}' is in the frame but in none of the images: check what hides it.")

    def keep(self) -> None:
        """psi.json and the latest samples, as of the last complete iteration."""
        psi_file.write(self.job.directory.psi, self.simulator.factors, iteration=len(self.records),
                       seed=self.job.config.seed, stages=self.stages(), targets=targets(self.job.marked))
        write_latest(self.job.directory.latest_samples, self.task, self.state.store)

    def stages(self) -> dict[str, Mapping[str, Moments]]:
        return {psi_file.START: self.start.plain(), psi_file.LATEST: self.state.psi.plain(),
                psi_file.BEST: self.state.best.plain(), psi_file.FINAL: self.state.final.plain()}

    def compare(self) -> Numbers:
        """The final numbers; with ``config.compare`` those of fresh networks, on images nothing has looked at."""
        config, last = self.job.config, self.records[-1]
        held_out, split = (self.test, "test") if self.test is not None else (self.validation, "validation")
        numbers = Numbers(
            method=config.method, approximation=config.approximation, seed=config.seed, iterations=len(self.records),
            rendered=last.images, val_loss=last.val_loss, val_metric=last.val_metric,
            control_val_loss=last.control_val_loss, control_val_metric=last.control_val_metric,
            images=config.fresh_count, judges=config.judges, split=split, split_images=len(held_out),
            metric_name=self.metric, match=matching.summary(self.records),
            agreement=agreement.summary(self.records, self.start.named(), self.state.final.named()))
        if not config.compare:
            return numbers
        numbers = replace(numbers, rows=self._rows())
        if split == "validation":
            self._tell("No test folder was given: the final comparison is on the validation images, which the "
                       "optimization has seen.")
        return numbers

    def _rows(self) -> dict[str, Row]:
        """What fresh networks come to, by how they were trained; those of an earlier process are taken over."""
        config = self.job.config
        # The same underlying random numbers for all, so that they differ by psi, and by what is trained on, alone.
        evaluation = Evaluation(config.fresh_count, config.seed, self.validation, self.test, config.judges,
                                real=self.job.real)
        ways = {"start": (self.start, evaluation), "learned": (self.state.final, evaluation)}
        if self.job.real is not None:
            ways["synthetic only"] = self.state.final, replace(evaluation, real=None)
            ways["real only"] = self.state.final, replace(evaluation, real_share=1.0)
        path = self.job.directory.comparison
        done = read_json(path, "comparison") if path.exists() else {}
        for position, (name, (psi, how)) in enumerate(ways.items()):
            there = len(done.get(name, {}).get("decided_metrics", ())) == config.judges   # none, or an older version's
            if not there or (name == "learned" and not self.job.directory.network.description.exists()):
                watch = Watch(self._report_from_scratch(position / len(ways), 1.0 / len(ways)), self.stop)
                best = taken_home.BestJudge()
                done[name] = evaluate_from_scratch(loop_config(config), self.simulator, psi, how, watch=watch,
                                                   renders_dir=self.job.directory.renders / (
                                                       "start" if name == "start" else "learned"), judged=best.see)
                self._take_home(name, best, how)
                write_json(path, done)
        if taken_home.write_sheet(self.job, self.validation, loop_config(config).task):
            self.events.write(Sheet(str(self.job.directory.sheet("predictions").relative_to(self.job.directory.root))))
        return {name: Row.read(done[name]) for name in ways}

    def _take_home(self, row: str, best: taken_home.BestJudge, evaluation: Evaluation) -> None:
        """Keeps of the judges of ``row`` what is shown of them, and the learned one's as the network to take home."""
        if row in ("start", "learned"):
            attempt("The picture of predictions", lambda: taken_home.keep_predictions(
                self.job.directory, row, best, self.validation), self.events)
        if row == "learned":
            attempt("The network", lambda: taken_home.write(self.job, best, evaluation, self.events), self.events)

    def sheet(self, name: str, psi: Psi) -> None:
        """sheets/start.png and sheets/end.png, for the report; made once."""
        path = self.job.directory.sheet(name)
        if not path.exists():
            write_sheet(path, self.task, self.simulator, psi, self.job.config.seed)
            self.events.write(Sheet(str(path.relative_to(self.job.directory.root))))

    def predictions(self) -> None:
        """sheets/predictions.png, for the report, where the task has boxes: what the running network finds."""
        if not self.state.config.trains:
            return
        write_predictions(self.job.directory.sheet("predictions"), self.task, self.state.ensemble[0],
                          self.state.validation, SHEET_COUNT)

    def influence(self) -> None:
        """sheets/influence.png, for the report, where the method has a v.

        It costs a fraction of one hypergradient, and is not worth the run: problems are only told.
        """
        if why_no_influence(self.job.config.method, self.job.config.approximation) or self.stop():
            return
        path = self.job.directory.sheet("influence")
        try:
            influence_sheet.write(path, self.state)
        except Exception as error:
            logger.exception("influence")
            self._tell(f"The influence map could not be drawn ({type(error).__name__}: {error}).")

    def _report(self, event: Rendered | Trained) -> None:
        """What the loop says while it renders and trains."""
        if isinstance(event, Trained) and event.fraction < 1.0 and not self.progress.due:
            return                      # a line a training step would fill the log
        self.events.write(event)
        within = (0.5 * (event.sample + 1) / self.job.config.images if isinstance(event, Rendered)
                  else 0.5 + 0.5 * event.fraction)
        done = len(self.records) + within
        self._done = max(done, self._done)      # the null control comes second in each iteration: never back
        self.progress.update("optimize", self._done / self.job.config.iterations, images=self.simulator.images)

    def _report_control(self, event: Rendered | Trained) -> None:
        """The control's renders are not counted: they are the price of the comparison, not of the search."""
        self._report(replace(event, done=len(self.state.store)) if isinstance(event, Rendered) else event)

    def _report_from_scratch(self, first: float, share: float) -> Callable[[Event], None]:
        def report(event: Rendered | Trained) -> None:
            trained = event.fraction if isinstance(event, Trained) else 0.0
            rendered = event.fraction if isinstance(event, Rendered) else 1.0
            # The images are rendered once for all networks; a network is trained in about the time that takes.
            networks = self.job.config.judges
            within = (rendered + networks * trained) / (1 + networks)
            self.progress.update("final", first + share * within, images=self.simulator.images)

        return report


def _record(iteration: loop.Iteration, control: loop.Iteration | None) -> Iteration:
    """The run's numbers with those of its null control beside them."""
    beside = {"control_val_loss": control.val_loss, "control_val_metric": control.val_metric} if control else {}
    return Iteration(
        iteration.iteration, iteration.images, iteration.steps, iteration.val_loss, iteration.val_metric, **beside,
        psi=iteration.psi.plain(), status=iteration.outcome.status, details=iteration.outcome.details,
        seconds={**iteration.seconds, "control": sum(control.seconds.values()) if control else 0.0})


def _weights(config: RunConfig) -> dict[str, float]:
    """How long the phases take relative to each other, in images rendered.

    A fresh network is trained in about the time that its images take. Of an iteration's networks each takes its share
    of that by the times it sees an image, and a hypergradient about as long as their training.
    """
    settings = loop_config(config)
    # of one network, on one image
    training = settings.training_steps * settings.batch_size / (config.images * FROM_SCRATCH_EPOCHS)
    training *= settings.trains
    searching = settings.ensemble * training * (2.0 if config.method in HYPERGRADIENT_METHODS else 1.0)
    control = 1.0 + training if config.control and settings.trains else 0.0
    return {"prepare": demo.VALIDATION_IMAGES + demo.TEST_IMAGES if not config.scene else 2.0,
            "optimize": config.iterations * config.images * (1.0 + searching + control),
            "final": 2.0 * config.fresh_count * (1.0 + config.judges) if config.compare else 0.0,
            "report": 10.0}
