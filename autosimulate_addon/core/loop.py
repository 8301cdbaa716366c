"""Algorithm 1 (Behl et al., ECCV 2020), one iteration at a time, with its null control beside it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..protocol import Cancelled, InputError, SampleKey, Simulator
from .config import LoopConfig
from .datasets.dataset import Dataset
from .hypergradient.estimator import Validation, find_direction
from .hypergradient.influence import influence_map
from .hypergradient.pathwise import relight, relightable
from .learner import Learner
from .psi import Psi
from .randomness import derive_seed
from .render_cache import RenderCache
from .renders import RenderStore
from .search import Context, make
from .state import pack_store, shortened, unpack_store
from .tasks import Scores, Task, make_task

__all__ = ["Influence", "IterationRecord", "Loop", "LoopConfig", "as_validation"]


@dataclass(frozen=True)
class IterationRecord:
    """One complete iteration. ``images`` and ``steps`` are totals so far; those of the control are not in them."""

    iteration: int
    images: int
    steps: int
    val_loss: float
    val_miou: float
    control_val_loss: float | None
    control_val_miou: float | None
    psi: dict[str, dict[str, list[float]]]
    status: str
    details: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Influence:
    """v . grad l by pixel: above 0, training on the pixel lowers the validation loss."""

    keys: list[SampleKey]
    images: np.ndarray        # (n, H, W, 3) float32 in [0, 1], as they were trained on
    labels: np.ndarray        # (n, H, W) uint8
    maps: np.ndarray          # (n, H, W) float32


class Loop:
    """The optimisation. Call ``iterate`` until ``done``; save ``state_dict`` in between; ``final`` is what it delivers.

    ``report(event, data)`` is told of "render", "train" and "iteration". ``stop()`` is asked after every image and
    training step: true raises Cancelled, and the loop is then again as it was after its last complete iteration, but
    for the renders, which are kept in ``renders_dir`` and used again.
    """

    def __init__(self, config: LoopConfig, simulator: Simulator, validation: Dataset, start: Psi, *,
                 report: Callable[[str, dict], None] = lambda event, data: None,
                 stop: Callable[[], bool] = lambda: False, renders_dir: Path | None = None) -> None:
        if len(validation) == 0:
            raise InputError("There are no validation images: give at least one.")
        if bool(start.locked.all()) and config.method != "none":
            raise InputError("Nothing can be learned: every learnable property is locked; unlock or mark one.")
        self.config, self.start = config, start
        self.report, self.stop = report, stop
        self.device = config.torch_device()
        self.task = make_task(config.task, simulator.classes)
        self.validation = as_validation(self.task, validation, self.device)
        self.inline_renders = renders_dir is None
        self.simulator = RenderCache(simulator, renders_dir)
        self.control_simulator = RenderCache(simulator, renders_dir, "control_")
        self.search = make(config, start)
        self.store = RenderStore(simulator.factors, simulator.layers, self.device)
        self.learner = Learner(config, self.task, self.store, config.seed)
        self.companions = [Learner(config, self.task, self.store, derive_seed(config.seed, "companion", index))
                           for index in range(1, config.ensemble)]
        self.control_store = RenderStore(simulator.factors, simulator.layers, self.device)
        self.control = Learner(config, self.task, self.control_store, config.seed) if config.control else None
        self.iteration, self.steps = 0, 0
        self.best, self.best_loss = start, math.inf

    # -- what stands so far ----------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        return self.iteration >= self.config.iterations

    @property
    def psi(self) -> Psi:
        """The latest."""
        return self.search.psi

    @property
    def final(self) -> Psi:
        """What is delivered: averaged over the last steps, or the best trial."""
        return self.search.final()

    def influence(self, count: int = 12) -> Influence:
        """Which pixels of the latest ``count`` renders would help, at the present weights."""
        index = torch.arange(max(0, len(self.store) - count), len(self.store))
        seed = derive_seed(self.config.seed, "influence", self.iteration)
        images, _, _ = relight(self.store, index, self.psi, relightable(self.store), seed)
        targets = self.store.targets(self.task, index)
        v = find_direction(self.task, self.learner.network, images, targets, self.validation,
                           self.config.estimator_options, seed)
        maps = influence_map(self.task, self.learner.network, v.vector, images, targets)
        return Influence([self.store.keys[i] for i in index], images.permute(0, 2, 3, 1).cpu().numpy(),
                         self.store.labels[index.to(self.device)].cpu().numpy(), maps.numpy())

    # -- one iteration ---------------------------------------------------------------------------------------------

    def iterate(self) -> IterationRecord:
        """One complete iteration, the null control's included."""
        before = self.state_dict(renders=False)
        sizes = len(self.store), len(self.control_store)
        try:
            return self._iterate()
        except BaseException:
            self._restore(before, sizes)
            raise

    def _iterate(self) -> IterationRecord:
        clock = Clock()
        seed = derive_seed(self.config.seed, "iteration", self.iteration)
        psi, trial = self.search.psi, self.search.trains_afresh

        with clock("render"):                                               # s_k ~ q_psi, zeta_k = r(s_k)
            fresh, renders = self._render(self.simulator, self.store, psi)
        if trial:
            self.learner.start_afresh(seed)
        with clock("hypergradient"):                                        # v, w_k, psi <- psi + step
            outcome = self.search.before_training(self._context(seed, psi, fresh))
        with clock("train"):                                                # theta <- fine-tuned on the zeta_k
            steps, trained_at = self._steps(), psi if trial else self.search.psi
            self.learner.train(trained_at, steps, seed, among=fresh if trial else None,
                               cosine=trial, progress=self._training)
            for index, companion in enumerate(self.companions, 1):
                companion.train(trained_at, steps, derive_seed(seed, "companion", index),
                                progress=self._training)
            scores = self.learner.evaluate(self.validation)
        with clock("step"):
            context = self._context(seed, psi, fresh)
            outcome = self.search.after_training(context) or outcome
            self.search.observe(context, scores)
        self.steps += steps
        if scores.loss < self.best_loss:
            self.best, self.best_loss = trained_at, scores.loss
        control = self._iterate_control(seed, renders if psi is self.start else None, clock) if self.control else None

        record = IterationRecord(
            self.iteration, len(self.store), self.steps, scores.loss, scores.metric,
            control and control.loss, control and control.metric, self.search.psi.plain(),
            outcome.status if outcome else "", outcome.details if outcome else {}, clock.seconds)
        self.iteration += 1
        self.report("iteration", dict(vars(record)))
        return record

    def _iterate_control(self, seed: int, renders, clock: Clock) -> Scores:
        """The same keys, the same training, psi at the start. Renders are shared while psi has not moved."""
        with clock("control"):
            if renders is None:
                self._render(self.control_simulator, self.control_store, self.start)
            else:
                self.control_store.add(renders, self.start)
            self.control.train(self.start, round(self.config.training_steps * self._lengthened()), seed,
                               progress=self._training)
            return self.control.evaluate(self.validation)

    def _render(self, simulator: RenderCache, store: RenderStore, psi: Psi):
        """(indices in ``store`` of this iteration's renders, the renders)."""
        keys = [SampleKey(self.config.seed, self.iteration, sample) for sample in range(self.config.images)]
        renders = []
        for render in simulator.render([psi.sample(key) for key in keys], keys):
            renders.append(render)
            total = self.config.iterations * self.config.images
            self.report("render", {"iteration": self.iteration, "sample": len(renders) - 1,
                                   "done": len(self.store) + (len(renders) if store is self.store else 0),
                                   "total": total})
            self._check_stop()
        return store.add(renders, psi), renders

    def _steps(self) -> int:
        return round(self.config.training_steps * (1.0 if self.search.trains_afresh else self._lengthened()))

    def _lengthened(self) -> float:
        return self.config.first_training if self.iteration == 0 else 1.0

    def _training(self, fraction: float) -> None:
        self.report("train", {"iteration": self.iteration, "fraction": fraction})
        self._check_stop()

    def _check_stop(self) -> None:
        if self.stop():
            raise Cancelled("Stopped: all that was rendered is kept, and --resume goes on from here.")

    def _context(self, seed: int, psi: Psi, fresh: torch.Tensor) -> Context:
        return Context(self.iteration, self.iteration / self.config.iterations, seed, self.task, self.learner.network,
                       self.store, fresh, psi, self.validation,
                       tuple(companion.network for companion in self.companions))

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def state_dict(self, renders: bool = True) -> dict[str, Any]:
        """The state after the last complete iteration: plain Python and tensors.

        Renders are named only, where ``renders_dir`` holds them, else they are in it.
        """
        state = {
            "iteration": self.iteration, "steps": self.steps, "best": self.best.flat(), "best_loss": self.best_loss,
            "search": self.search.state_dict(), "learner": self.learner.state_dict(),
            "control": self.control.state_dict() if self.control else None,
            "companions": [companion.state_dict() for companion in self.companions],
        }
        if renders:
            state["renders"] = pack_store(self.store, self.inline_renders)
            state["control_renders"] = pack_store(self.control_store, self.inline_renders)
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there; the next iterations are bitwise those of an uninterrupted run (on the CPU)."""
        unpack_store(self.store, state["renders"], self.start, [self.simulator])
        unpack_store(self.control_store, state["control_renders"], self.start, [self.control_simulator, self.simulator])
        self._load(state)

    def _load(self, state: dict[str, Any]) -> None:
        self.iteration, self.steps = state["iteration"], state["steps"]
        self.best, self.best_loss = self.start.with_flat(state["best"]), state["best_loss"]
        self.search.load_state_dict(copy.deepcopy(state["search"]))
        if self.iteration == 0 or torch.equal(self.search.psi.flat(), self.start.flat()):
            self.search.psi = self.start
        self.learner.load_state_dict(state["learner"])
        for companion, saved in zip(self.companions, state.get("companions", []), strict=True):
            companion.load_state_dict(saved)
        if self.control:
            self.control.load_state_dict(state["control"])

    def _restore(self, state: dict[str, Any], sizes: tuple[int, int]) -> None:
        self.store = shortened(self.store, sizes[0], self.start)
        for learner in (self.learner, *self.companions):
            learner.store = self.store
        self.control_store = shortened(self.control_store, sizes[1], self.start)
        if self.control:
            self.control.store = self.control_store
        self._load(state)


class Clock:
    """Seconds by phase, added up."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(("render", "train", "hypergradient", "step", "control"), 0.0)

    def __call__(self, phase: str) -> _Timed:
        return _Timed(self, phase)


class _Timed:
    def __init__(self, clock: Clock, phase: str) -> None:
        self.clock, self.phase = clock, phase

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *error: Any) -> None:
        self.clock.seconds[self.phase] += time.perf_counter() - self.began


def as_validation(task: Task, dataset: Dataset, device: torch.device) -> Validation:
    """A data set as a network takes it and ``task`` judges it."""
    images = torch.from_numpy(dataset.images).permute(0, 3, 1, 2).to(device, torch.float32) / 255.0
    targets = task.targets(torch.from_numpy(dataset.labels).to(device))
    return Validation(images.contiguous(memory_format=torch.channels_last), targets)
