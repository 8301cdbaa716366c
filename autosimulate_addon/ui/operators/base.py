"""What the operators share."""

from __future__ import annotations

import re
from collections.abc import Callable

import bpy

from ...protocol import AutoSimulateError
from .. import panel_data

#: What the command line is told beside the mend, and a window has not.
_FLAG = re.compile(r" \(--[a-z-]+\)")


def attempt(operator: bpy.types.Operator, work: Callable[[], str | None]) -> set[str]:
    """Runs an operator's work. Its sentence, or that of the error, is reported; an error changes nothing.

    ``work`` returns the message to show, or None for none.
    """
    try:
        message = work()
    except AutoSimulateError as error:
        operator.report({"ERROR"}, _FLAG.sub("", str(error)))
        return {"CANCELLED"}
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        operator.report({"ERROR"}, f"{error.strerror or error}{where}")
        return {"CANCELLED"}
    if message:
        operator.report({"INFO"}, message)
    panel_data.schedule()
    return {"FINISHED"}


def described(items: tuple, identifier: str) -> tuple[str, str]:
    """(name, description) of one entry of an EnumProperty's items."""
    return next((name, text) for key, name, text, *_ in items if key == identifier)
