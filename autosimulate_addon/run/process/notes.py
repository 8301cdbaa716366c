"""What the user should know: on the terminal, in log.txt, and to who follows the job."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...protocol.events import Event, Problem
from .log import logger
from .streams import say


def tell(notes: Iterable[str], event: Callable[[Event], None] | None = None,
         line: Callable[[str], None] = say, left_out: bool = False) -> None:
    """Says each sentence once, as a note of its own; ``event`` gets it as a Problem, with ``left_out``. ``line``
    writes a line.
    """
    for note in dict.fromkeys(notes):
        logger.warning("%s", note)
        line(f"Note: {note}")
        if event is not None:
            event(Problem(note, left_out))
