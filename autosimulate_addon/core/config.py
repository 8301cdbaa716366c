"""What a run of the optimiser was asked to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import torch

from ..protocol import InputError
from ..protocol.settings import SETTINGS, default
from .features.encoder import ENCODERS
from .hypergradient.options import EstimatorOptions
from .learners import LEARNERS
from .matching import MatchOptions
from .networks import NETWORKS
from .search.autosimulate import StepOptions
from .search.make import METHODS, search_class
from .tasks import TASKS


@dataclass(frozen=True)
class LoopConfig:
    """Everything that decides the result, beside the simulator, the start and the validation images."""

    # Task, learner and objective are "auto" on the command line: there the photographs decide, here nothing does.
    task: str = "segmentation"                  # a key of TASKS
    learner: str = "network"                    # a key of LEARNERS
    least_side: float = default("least_side")   # pixels of the shorter side of a render's box, in detection
    method: str = default("method")
    approximation: str = default("approximation")
    objective: str = "soft-miou"                # that psi is to lower over the validation images
    iterations: int = default("iterations")
    images: int = default("images")             # K, rendered per iteration; for trial methods, a trial's data set
    epochs: int | None = default("epochs")      # times an image is trained on, over its iteration's steps; None: EPOCHS
    seed: int = default("seed")
    device: str = default("device")
    network: str = default("network")
    ensemble_size: int | None = default("ensemble_size")    # averaged over; None: as NETWORKS says
    replay: int | None = default("replay")      # renders that a step of psi looks at; None: EstimatorOptions.replay
    network_width: int | None = default("network_width")
    network_module: str | Path | None = None    # no file: "" on the command line
    frozen_layers: int = default("frozen_layers")
    encoder: str = default("encoder")           # a key of ENCODERS, or the best that is installed
    encoder_module: str | Path | None = None
    learning_rate: float | None = default("learning_rate")      # None: as NETWORKS says
    control: bool = default("control")          # beside it the null control: the same keys and steps, psi never moves
    batch_size: int = 8
    first_training: float = 3.0                 # x the steps in the first iteration, which starts from nothing
    evidence: bool = default("evidence")        # only what stands out of its noise moves: StepOptions.evidence
    match: bool = default("match")              # autosimulate first matches the photographs' statistics
    match_looks: bool = default("match_looks")  # see match_options
    relight_training: bool = True               # every training batch under newly drawn lights and film
    published_step_size: float = 1e-3       # the paper gives none; of 1e-4 to 1 this did least harm on the stand-in
    estimator: EstimatorOptions = field(default_factory=EstimatorOptions)
    step: StepOptions = field(default_factory=StepOptions)
    matching: MatchOptions = field(default_factory=MatchOptions)

    def __post_init__(self) -> None:
        # What core looks up by name may have rows that the command line does not offer; the rest is as SETTINGS say.
        tables: dict[str, Collection[str]] = {"task": TASKS, "learner": LEARNERS, "method": METHODS,
                                              "network": NETWORKS, "encoder": ("auto", *ENCODERS)}
        for name, known in tables.items():
            if getattr(self, name) not in known:
                raise InputError(f"{name} is {getattr(self, name)!r}: choose one of {', '.join(known)}.")
        own = {row.name for row in fields(self)} - tables.keys()
        for setting in SETTINGS:
            if setting.name in own:
                setting.check(getattr(self, setting.name))
        if self.batch_size < 1:
            raise InputError(f"batch_size is {self.batch_size}: give at least 1.")

    @property
    def trains(self) -> bool:
        """Whether the method asks networks at all."""
        return search_class(self).trains

    @property
    def training_epochs(self) -> int:
        """How often an image is trained on over its iteration's steps."""
        usual = ENSEMBLE_EPOCHS if self.ensemble > 1 else EPOCHS
        return self.epochs or (RETRAINED_EPOCHS if search_class(self).retrains else usual)

    @property
    def training_steps(self) -> int:
        """Of one iteration: as many as show each of its images ``epochs`` times. (Old images take turns with them.)"""
        return max(1, round(self.training_epochs * self.images / self.batch_size))

    def steps_in(self, iteration: int) -> int:
        """The training steps of an iteration; the first one's are more where all others go on with its weights."""
        if not self.trains:
            return 0
        first = iteration == 0 and not search_class(self).retrains
        return round(self.training_steps * (self.first_training if first else 1.0))

    def of_control(self) -> LoopConfig:
        """The null control of a run: the same keys and steps an iteration, psi stays at the start."""
        return replace(self, method="none", epochs=self.training_epochs)

    @property
    def ensemble(self) -> int:
        """Networks trained side by side: 1 for a method that has no use for more."""
        if not search_class(self).averages:
            return 1
        if LEARNERS[self.learner].unique:
            return 1
        return self.ensemble_size or NETWORKS[self.network].averaged

    @property
    def rate(self) -> float:
        return self.learning_rate or NETWORKS[self.network].learning_rate

    @property
    def match_options(self) -> MatchOptions:
        """Looks are for photographs, of which the head is the learner: a network's hypergradient knows better which of
        several lights was wrong."""
        return replace(self.matching, looks=self.match_looks and (self.method == "match" or self.learner == "head"))

    @property
    def estimator_options(self) -> EstimatorOptions:
        return replace(self.estimator, approximation=self.approximation, objective=self.objective,
                       replay=self.replay or self.estimator.replay)

    @property
    def step_options(self) -> StepOptions:
        return replace(self.step, evidence=self.evidence or self.step.evidence or self.learner == "head")

    def torch_device(self) -> torch.device:
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("The device 'cuda' is not available here: choose --device auto or cpu.")
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)


#: Both fewer (5) and more (67) were measured to be worse.
EPOCHS = 16
#: Of each of several networks: half as often was measured to be as good.
ENSEMBLE_EPOCHS = 8
#: Of networks that every iteration trains from nothing.
RETRAINED_EPOCHS = 32
