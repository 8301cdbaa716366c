"""What the user should know before anything is rendered: on the terminal, in log.txt, and to who follows the job."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .log import logger
from .streams import say


def tell(notes: Iterable[str], event: Callable[[str, dict[str, Any]], None] | None = None) -> None:
    """Says each sentence once, as a note of its own; ``event`` gets it as a "problem"."""
    for note in dict.fromkeys(notes):
        logger.warning("%s", note)
        say(f"Note: {note}")
        if event is not None:
            event("problem", {"message": note})
