"""Matching as a search method: psi follows the photographs' statistics, and no network is asked.

It is the baseline of distribution matching (Louppe et al., "Adversarial Variational Optimization", 2019; Kar et al.,
"Meta-Sim", 2019), and AutoSimulate's first stage.
"""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor

from ...protocol.events import MATCHED
from ..features.encoder import shared_encoder
from ..matching import Matcher, Round
from ..psi import Psi
from .base import Search
from .method import Context, Outcome

#: Renders that are asked before matching is over: what few do not tell, more may.
ENOUGH = 96
#: Rounds in a row without a word after which a run that does nothing else ends.
PATIENCE = 2


class MatchStage:
    """Rounds of matching, one an iteration, until the renders have nothing more to say."""

    def __init__(self, settings: Any) -> None:
        """``settings``: a ``LoopConfig``, of which it reads the encoder, the device and ``match_options``."""
        self.settings = settings
        self.over = False
        self._matcher: Matcher | None = None
        self._saved: dict[str, Any] | None = None

    def round(self, context: Context, psi: Psi | None = None, claimed: Tensor | None = None) -> tuple[Round, Outcome]:
        """From ``psi`` (None: that of the batch); ``claimed`` (P,) bool: coordinates that others move."""
        matched = self._ready(context).round(context.store, context.batch, context.psi if psi is None else psi,
                                             context.seed, context.report, claimed)
        self.over = matched.nothing_left and matched.renders >= ENOUGH
        return matched, Outcome(MATCHED, {**matched.details(), "over": self.over})

    def _ready(self, context: Context) -> Matcher:
        """The matcher, made when photographs are there to match."""
        if self._matcher is None:
            encoder = shared_encoder(self.settings.encoder, self.settings.encoder_module,
                                     str(self.settings.torch_device()))
            self._matcher = Matcher(encoder, context.task, context.validation, self.settings.match_options)
            if self._saved is not None:
                self._matcher.load_state_dict(self._saved)
        return self._matcher

    def end(self) -> None:
        """Lets go of what it remembers of the renders."""
        self.over, self._matcher = True, None

    def state_dict(self) -> dict[str, Any]:
        return {"over": self.over, "matcher": self._matcher.state_dict() if self._matcher else self._saved}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.over, self._saved, self._matcher = state["over"], state["matcher"], None


class Match(Search):
    """Every iteration renders a batch and matches on all renders so far."""

    settled = True
    trains = False

    def __init__(self, start: Psi, stage: MatchStage) -> None:
        super().__init__(start)
        self.stage = stage
        self.quiet = 0          # rounds in a row in which the renders had nothing more to say

    @property
    def over(self) -> bool:
        return self.quiet >= PATIENCE

    @classmethod
    def of(cls, settings: Any, start: Psi) -> Self:
        return cls(start, MatchStage(settings))

    def before_training(self, context: Context) -> Outcome | None:
        matched, outcome = self.stage.round(context)
        self.psi = matched.psi
        self.quiet = self.quiet + 1 if self.stage.over else 0
        return outcome

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "stage": self.stage.state_dict(), "quiet": self.quiet}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.stage.load_state_dict(state["stage"])
        self.quiet = state.get("quiet", 0)
