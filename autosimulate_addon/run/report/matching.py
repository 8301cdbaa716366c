"""What a round of matching says to the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Why a round ended, in words (see ``core.matching.match``).
ENDED = {"nothing_heard": "no further difference stands out of the noise",
         "out_of_reach": "the renders so far reach no further: new ones go on from there",
         "no_gain": "no step brings renders and photographs nearer", "steps": "all steps were taken"}
#: Coordinates that a line names.
_NAMED = 4


def sentence(details: Mapping[str, Any]) -> str:
    """One round in one line: how near the renders came, what moved, why it ended."""
    near = ", ".join(f"{name} {details['before'][name]:.3f} -> {details['after'][name]:.3f}"
                     for name in details["before"])
    moved = sorted(details["moved"], key=lambda move: -abs(move[3]))
    names = ", ".join(f"{name} {start:.3g} -> {end:.3g}" for name, start, end, _ in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    return (f"Match on {details['renders']} renders: distance in {near}; "
            f"{f'moved {names}{more}' if moved else 'nothing moved'}; {ENDED[details['ended']]}.")


def brightness(details: Mapping[str, Any]) -> str:
    """What was done where the photographs were far brighter or darker than the renders; "" where they were not."""
    if not details["far"]:
        return ""
    comparison = "brighter" if details["stops"] > 0 else "darker"
    far = f"The validation images are {abs(details['stops']):.1f} stops {comparison} than the first renders"
    if details["lit"]:
        return f"{far}: the lights were matched to them before anything was learned."
    return f"{far}, and no learnable light can be mixed anew: start from other lights, or mark Exposure as learnable."
