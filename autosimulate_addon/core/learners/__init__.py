"""Learners: what is trained on the renders. A new one is one file beside these and one row."""

from __future__ import annotations

from typing import Any

from ...protocol import InputError
from ..tasks import Task
from .head import HeadLearner
from .learner import Learner, Photographs, Training
from .network_learner import NetworkLearner

__all__ = ["LEARNERS", "Learner", "Photographs", "Training", "make_learner"]

#: (settings, task, seed of the first weights) -> a learner, by name.
LEARNERS: dict[str, type[NetworkLearner] | type[HeadLearner]] = {"network": NetworkLearner, "head": HeadLearner}


def make_learner(settings: Any, task: Task, seed: int) -> Learner:
    """The learner that ``settings.learner`` names (see ``LoopConfig``). Raises InputError if there is none such."""
    if settings.learner not in LEARNERS:
        raise InputError(f"There is no learner called {settings.learner!r}: choose one of {', '.join(LEARNERS)}.")
    return LEARNERS[settings.learner](settings, task, seed)
