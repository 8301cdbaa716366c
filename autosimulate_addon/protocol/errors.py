"""What may go wrong, as the user is told it."""

import difflib
import unicodedata
from collections.abc import Iterable

#: Control characters, line and paragraph separators, and bytes of file names that are no UTF-8.
_NOT_SHOWN = ("Cc", "Zl", "Zp", "Cs")


def one_line(text: str) -> str:
    """``text`` with what would break its line, or steer a terminal, as Python writes it: a name may be "a\\nb"."""
    return "".join(repr(character)[1:-1] if unicodedata.category(character) in _NOT_SHOWN else character
                   for character in text)


class AutoSimulateError(Exception):
    """Anything that ends a job. Its text is one sentence for the user: the thing, and the mend."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class InputError(AutoSimulateError):
    """The scene, the marks, the data or the options cannot be used as they are (exit code 2, nothing changed)."""

    exit_code = 2


class Cancelled(AutoSimulateError):
    """The user asked to stop: the current image is finished, the state is saved (exit code 130)."""

    exit_code = 130


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """" (did you mean 'x'?)", or "" when nothing comes close."""
    close = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
