"""What matching says to the user, in one line a round and in numbers for the whole run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...protocol.events import MATCHED, Iteration
from ...protocol.numbers import NO_GAIN, NOTHING_HEARD, OUT_OF_REACH, STEPS, Matching, Move, Unheard

#: Why a round ended, in words.
ENDED = {NOTHING_HEARD: "no further difference stands out of the noise",
         OUT_OF_REACH: "the renders so far reach no further: new ones go on from there",
         NO_GAIN: "no step brings renders and photographs nearer", STEPS: "all steps were taken"}
#: Coordinates, and things that were left over, that a line names.
_NAMED = 4
#: Stops that renders may stay too dark or too bright before it is worth a word.
_LEFT_STOPS = 0.5
#: Times as large in photographs as in renders, or the other way round, that are worth a word.
_OTHER_SIZE = 2.0


def sentence(details: Mapping[str, Any]) -> str:
    """One round in one line: how near the renders came, what moved, why it ended, and what it would take to go on."""
    near = ", ".join(f"{name} {details['before'][name]:.3f} -> {details['after'][name]:.3f}"
                     for name in details["before"])
    moved = sorted(details["moved"], key=lambda move: -abs(move[3]))
    names = ", ".join(f"{name} {start:.3g} -> {end:.3g}" for name, start, end, _ in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    if looks := details.get("looks"):
        near += ", looks " + " -> ".join(f"{sum(pair[end] for pair in looks.values()):.2f}" for end in (0, 1))
    said = (f"Match on {details['renders']} renders: distance in {near}; "
            f"{f'moved {names}{more}' if moved else 'nothing moved'}; {ENDED[details['ended']]}.")
    unheard = Unheard.read(details.get("unheard") or {})
    if details["ended"] != NOTHING_HEARD:
        return said
    return " ".join(filter(None, (said, needed(unheard) if unheard else "", sizes(details.get("areas", {})))))


def needed(unheard: Unheard) -> str:
    """What it would take to hear the coordinate that came nearest to it, in one sentence."""
    asked = "" if math.isnan(unheard.asked) else f" of the {unheard.asked:.1f} that are asked"
    nearest = f"Nearest to being heard is {unheard.coordinate} at {abs(unheard.z):.1f} standard errors{asked}"
    more = f" and {unheard.photographs:.1f} times as many photographs" if unheard.photographs > 1 else ""
    return (f"{nearest}: at that size it would take about {unheard.needed:,} independent renders (these are worth "
            f"{unheard.renders:,.0f}){more}.")


def brightness(details: Mapping[str, Any]) -> str:
    """What was done where the photographs were far brighter or darker than the renders; "" where they were not."""
    if not details["far"]:
        return ""
    comparison = "brighter" if details["stops"] > 0 else "darker"
    far = f"The validation images are {abs(details['stops']):.1f} stops {comparison} than the first renders"
    other = "what else gives light as learnable: the world's strength, an emission, or Exposure."
    left = details.get("left", 0.0)
    if details["lit"] and abs(left) > _LEFT_STOPS:
        return (f"{far}: the learnable lights were brought towards them, but the renders stay {abs(left):.1f} stops "
                f"too {'dark' if left > 0 else 'bright'}. Mark {other}")
    if details["lit"]:
        return f"{far}: the lights were matched to them before anything was learned."
    return f"{far}, and no learnable light that can be mixed anew changes it: start from other lights, or mark {other}"


def of_round(iteration: Iteration) -> Mapping[str, Any]:
    """What a round of matching said in this iteration, in the place of a hypergradient or after it; {} for none."""
    found = iteration.details if iteration.status == MATCHED else iteration.details.get("matched")
    return found if isinstance(found, Mapping) and "moved" in found else {}


def summary(iterations: Iterable[Iteration]) -> Matching | None:
    """A run's rounds together; None where there were none.

    Of each coordinate that moved its first start, last end and loudest z; distances of the first round's start and of
    the last one's end, each with the widths of its own renders.
    """
    rounds = [found for each in iterations if (found := of_round(each))]
    if not rounds:
        return None
    first, last = rounds[0], rounds[-1]
    moved: dict[str, Move] = {}
    for name, start, end, z in (move for each in rounds for move in each["moved"]):
        known = moved.get(name, Move(name, start, end, 0.0))
        moved[name] = Move(name, known.start, end, max(known.z, z, key=abs))
    groups = {group: {name: [first[group].get(name, pair)[0], pair[1]] for name, pair in last[group].items()}
              for group in ("classes", "scales")}
    return Matching(renders=last["renders"], rounds=len(rounds), before=first["before"], after=last["after"],
                    moved=sorted(moved.values(), key=lambda move: -abs(move.z)), **groups,
                    areas=last.get("areas", {}), ended=last["ended"],
                    unheard=Unheard.read(last.get("unheard") or {}))


def nearer(matched: Matching) -> str:
    """How near a run brought renders and photographs, in one sentence."""
    near = ", ".join(f"{name} {before:.2f} -> {matched.after[name]:.2f}" for name, before in matched.before.items())
    count = len(matched.moved)
    return (f"Matched on {matched.renders} renders: distance in {near}; "
            f"{count or 'no'} coordinate{'s' if count != 1 else ''} moved.")


def left(matched: Matching) -> str:
    """Which distances stay the largest, in one sentence: what these learnable properties cannot bring nearer."""
    words = []
    for groups, name in ((matched.classes, "labels"), (matched.scales, "features")):
        largest = sorted(groups.items(), key=lambda item: -item[1][1])[:_NAMED // 2]
        words += [f"{name} of {key} {after:.2f}" for key, (_, after) in largest]
    return f"What is left, largest first: {', '.join(words)}. Learnable properties that change it may be missing."


def sizes(areas: Mapping[str, Sequence[float]]) -> str:
    """Which classes are far smaller or larger in renders than in photographs, and what to do; "" where none is.

    ``areas``: of each class the shares of an image that it takes up, in renders and in photographs.
    """
    unseen = [name for name, (rendered, real) in areas.items() if real and not rendered]
    if unseen:
        return f"No render shows {unseen[0]}, photographs do: let the camera see it."
    ratios = {name: real / rendered for name, (rendered, real) in areas.items() if rendered and real}
    far = sorted((name for name, ratio in ratios.items() if max(ratio, 1 / ratio) >= _OTHER_SIZE),
                 key=lambda name: -abs(math.log(ratios[name])))
    if not far:
        return ""
    shares = [" and ".join(f"{share:.1%}".replace("%", " %") for share in areas[name]) for name in far]
    told = [f"{far[0]} takes up {shares[0]} of the renders and of the photographs that show it",
            *(f"{name} {both}" for name, both in zip(far[1:_NAMED // 2], shares[1:], strict=False))]
    closer = statistics.median(ratios[name] for name in far) > 1
    return (f"{', '.join(told)}: move the camera {'nearer' if closer else 'away'}, or mark its location or lens as "
            "learnable, with a wider spread.")
