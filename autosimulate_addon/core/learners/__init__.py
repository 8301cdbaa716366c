"""Learners: what is trained on the renders. A new one is one file beside these and one row."""

from __future__ import annotations

from typing import Any, Protocol

from torch import nn

from ...protocol import InputError
from ..tasks import Task
from .head import HeadLearners
from .learner import Learner, Photographs, Training
from .network_learner import NetworkLearner

__all__ = ["LEARNERS", "Learner", "Photographs", "Training", "make_learner"]


class LearnerKind(Protocol):
    """Makes learners, and what they give to take home (see ``Learner.module``)."""

    @property
    def unique(self) -> bool:
        """See ``Learner``."""

    def __call__(self, settings: Any, task: Task, seed: int) -> Learner:
        """``seed``: of the first weights."""

    def skeleton(self, settings: Any, channels: int) -> nn.Module:
        """What ``module`` gives, with other values in it, made from a ``LoopConfig`` alone: to be filled from a file.
        """


#: By name.
LEARNERS: dict[str, LearnerKind] = {"network": NetworkLearner, "head": HeadLearners()}


def make_learner(settings: Any, task: Task, seed: int) -> Learner:
    """The learner that ``settings.learner`` names (see ``LoopConfig``). Raises InputError if there is none such."""
    if settings.learner not in LEARNERS:
        raise InputError(f"There is no learner called {settings.learner!r}: choose one of {', '.join(LEARNERS)}.")
    return LEARNERS[settings.learner](settings, task, seed)
