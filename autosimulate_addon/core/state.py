"""What a run of the loop carries from one iteration to the next, and how it is saved."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import torch

from ..protocol import InputError, Simulator
from .config import LoopConfig
from .datasets.dataset import Dataset
from .evaluation import as_validation
from .learners import Photographs, make_learner
from .psi import Psi
from .randomness import member_seed
from .render_cache import RenderCache
from .renders import RenderStore
from .search import make
from .tasks import make_task


def check_start(start: Psi, method: str) -> None:
    """Raises InputError where ``method`` could not move anything of ``start``."""
    if bool(start.locked.all()) and method != "none":
        raise InputError("Nothing can be learned: every learnable property is locked; unlock or mark one.")


class State:
    """psi with its search method, the renders so far and the ensemble that learns from them.

    It is whole between two iterations of ``optimize``. After an interrupted one a new State goes on from the last
    ``state_dict``. ``renders_dir`` keeps renders on disk; without it they are in the state.
    ``real``: labelled photographs that the ensemble is trained on beside the renders.
    The state of a null control takes the renders that it shares with the run ``beside`` it from there.
    """

    def __init__(self, config: LoopConfig, simulator: Simulator, validation: Dataset, start: Psi, *,
                 real: Dataset | None = None, renders_dir: Path | None = None, beside: State | None = None) -> None:
        if len(validation) == 0:
            raise InputError("There are no validation images: give at least one.")
        check_start(start, config.method)
        self.config, self.start, self.device = config, start, config.torch_device()
        self.task = make_task(config.task, simulator.classes, config)
        self.validation = as_validation(self.task, validation, self.device)
        self.simulator: RenderCache = RenderCache(simulator, renders_dir, "control_" if beside else "",
                                                  beside.simulator if beside else None)
        self.search = make(config, start)
        self.store = RenderStore(simulator.factors, simulator.layers, self.device)
        self.ensemble = [make_learner(config, self.task, member_seed(config.seed, "companion", index))
                         for index in range(config.ensemble)]
        if real is not None:
            photographs = Photographs(as_validation(self.task, real, self.device))
            for learner in self.ensemble:
                learner.photographs = photographs
        self.iteration, self.steps = 0, 0                   # complete iterations; training steps of one learner
        self.best, self.best_loss = start, math.inf

    @property
    def psi(self) -> Psi:
        """The latest."""
        return self.search.psi

    @property
    def final(self) -> Psi:
        """The psi that the search method recommends: the mean of its last steps, or the best trial."""
        return self.search.recommend()

    def commit(self, psi: Psi, loss: float, steps: int) -> None:
        """Ends an iteration: its training of ``steps`` steps at ``psi`` gave the validation loss ``loss``; where it is
        NaN no network was asked, and the latest psi is the best."""
        self.iteration += 1
        self.steps += steps
        if math.isnan(loss):
            self.best = psi
        elif loss < self.best_loss:
            self.best, self.best_loss = psi, loss

    def state_dict(self) -> dict[str, Any]:
        """Plain Python and tensors. Renders that lie on disk are only named."""
        return {
            "iteration": self.iteration, "steps": self.steps, "best": self.best.phi, "best_loss": self.best_loss,
            "search": self.search.state_dict(), "ensemble": [learner.state_dict() for learner in self.ensemble],
            "renders": self.store.state_dict(inline=self.simulator.folder is None),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there; the next iterations are bitwise those of an uninterrupted run (on the CPU).

        A render that is neither in ``state`` nor on disk is rendered again.
        """
        self.store.load_state_dict(state["renders"], self.start, self.simulator.render)
        self.iteration, self.steps = state["iteration"], state["steps"]
        self.best, self.best_loss = self.start.with_phi(torch.as_tensor(state["best"])), state["best_loss"]
        self.search.load_state_dict(copy.deepcopy(state["search"]))
        for learner, saved in zip(self.ensemble, state["ensemble"], strict=True):
            learner.load_state_dict(saved)
