"""What matching says to the user, in one line a round and in numbers for the whole run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...protocol.events import MATCHED, Iteration

#: Why a round ended, in words (see ``core.matching.match``).
ENDED = {"nothing_heard": "no further difference stands out of the noise",
         "out_of_reach": "the renders so far reach no further: new ones go on from there",
         "no_gain": "no step brings renders and photographs nearer", "steps": "all steps were taken"}
#: Coordinates, and things that were left over, that a line names.
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


def summary(iterations: Iterable[Iteration]) -> dict[str, Any] | None:
    """A run's rounds together; None where there were none.

    "moved": [coordinate, start, end, z], z the largest of its rounds'. "before" and "after", "classes" and "scales":
    MMD^2 of the first round's start and of the last one's end, each with the widths of its own renders.
    """
    rounds = [each.details for each in iterations if each.status == MATCHED and "moved" in each.details]
    if not rounds:
        return None
    first, last = rounds[0], rounds[-1]
    moved: dict[str, list[Any]] = {}
    for name, start, end, z in (move for each in rounds for move in each["moved"]):
        known = moved.get(name, [name, start, end, 0.0])
        moved[name] = [name, known[1], end, max(known[3], z, key=abs)]
    groups = {group: {name: [first[group].get(name, pair)[0], pair[1]] for name, pair in last[group].items()}
              for group in ("classes", "scales")}
    return {"renders": last["renders"], "rounds": len(rounds), "before": first["before"], "after": last["after"],
            "moved": sorted(moved.values(), key=lambda move: -abs(move[3])), **groups, "ended": last["ended"]}


def nearer(matched: Mapping[str, Any]) -> str:
    """How near a run brought renders and photographs, in one sentence."""
    near = ", ".join(f"{name} {before:.2f} -> {matched['after'][name]:.2f}"
                     for name, before in matched["before"].items())
    count = len(matched["moved"])
    return (f"Matched on {matched['renders']} renders: distance in {near}; "
            f"{count or 'no'} coordinate{'s' if count != 1 else ''} moved.")


def left(matched: Mapping[str, Any]) -> str:
    """Which distances stay the largest, in one sentence: what these learnable properties cannot bring nearer."""
    words = []
    for group, name in (("classes", "labels"), ("scales", "features")):
        largest = sorted(matched[group].items(), key=lambda item: -item[1][1])[:_NAMED // 2]
        words += [f"{name} of {key} {after:.2f}" for key, (_, after) in largest]
    return f"What is left, largest first: {', '.join(words)}. Learnable properties that change it may be missing."
