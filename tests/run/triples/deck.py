"""What a triple is made of: seeded choices that go through everything, and what is to come of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """What must come of a case: "result", "refusal", or "either". ``says``: words of which the sentence of a refusal
    has at least one, in any case; none where several things are wrong, so that the first is said."""

    what: str
    says: tuple[str, ...] = ()

    def __and__(self, other: Verdict) -> Verdict:
        """Of both together: what is refused for one reason is refused, for whichever comes first."""
        if "refusal" in (self.what, other.what):
            known = all(one.says for one in (self, other) if one.what == "refusal")
            sure = "either" not in (self.what, other.what)
            return Verdict("refusal", self.says + other.says if known and sure else ())
        return EITHER if "either" in (self.what, other.what) else RESULT


RESULT, EITHER = Verdict("result"), Verdict("either")


def refused(*says: str) -> Verdict:
    return Verdict("refusal", says)


def choice(items: Sequence[Any], name: str, seed: int, number: int) -> Any:
    """The ``number``-th card of a deck of ``items`` that is shuffled anew whenever it is through: every item comes
    up once in ``len(items)`` numbers. ``name`` tells decks of one seed apart."""
    turn, place = divmod(number, len(items))
    cards = list(range(len(items)))
    random.Random(f"{seed}/{name}/{turn}").shuffle(cards)
    return items[cards[place]]


def data_text(collection: str, name: str, library: str | None = None) -> str:
    """A data-block as a marks file names it."""
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    return f"{collection}[{quoted(name)}" + (f", {quoted(library)}]" if library is not None else "]")


def toml(value: Any) -> str:
    """``value`` as TOML writes it; what is ``Raw`` stands as it is."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else
                             "\\" + c if c in '"\\' else c for c in value) + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(str(key))} = {toml(item)}" for key, item in value.items()) + " }"
    return repr(value)


class Raw(str):
    """Text that is no TOML string."""

    __slots__ = ()
