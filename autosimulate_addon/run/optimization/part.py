"""A part of what a run delivers: where it fails, the rest is delivered none the less."""

from __future__ import annotations

from collections.abc import Callable

from ...protocol import AutoSimulateError
from ..process.log import logger
from ..process.notes import tell
from ..record.events import EventLog


def attempt(what: str, make: Callable[[], None], events: EventLog) -> None:
    """Makes the part ``what``; where that fails it is told in one note."""
    try:
        make()
    except Exception as error:
        logger.exception(what)
        reason = str(error) if isinstance(error, AutoSimulateError) else f"{type(error).__name__}: {error}"
        reason = reason.strip().splitlines()[0] if reason.strip() else type(error).__name__
        tell([f"{what} could not be written ({reason.rstrip('.')}); everything else is there, and --resume tries "
              f"again."], events.write, left_out=True)
