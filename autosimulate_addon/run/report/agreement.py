"""How sure a run is of where it went: one iteration in a line, the whole run in numbers and in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...protocol.events import Iteration
from ...protocol.numbers import WIDTH, Agreement, Coordinate
from . import matching

#: A cosine below the first says that the two have little to do with each other, above the second that they agree.
LITTLE, MUCH = 0.3, 0.7


def sentence(details: Mapping[str, Any]) -> str:
    """One iteration in one line; "" where no hypergradient was asked."""
    asked = details.get("agreement")
    if not asked:
        return ""
    intervals = asked["intervals"].values()
    clear = sum(low > 0 or high < 0 for low, high in intervals)
    halves = (f"halves of the renders agree to {asked['renders']:.2f}, halves of the photographs to "
              f"{asked['photographs']:.2f}; " if "renders" in asked else "")
    networks = f"networks agree to {asked['networks']:.2f}; " if "networks" in asked else ""
    said = f"Hypergradient: {halves}{networks}{clear} of {len(intervals)} intervals leave out 0"
    if details.get("heard") != 0:
        return f"{said}."
    if not details.get("stays", True):
        return f"{said}. Nothing stands out by itself, but all together: psi moves by as much."
    return (f"{said}. Nothing stands out of the noise of {details['effective']:.0f} renders, which move nothing: an "
            f"effect of a tenth of w's deviation would be heard with {details['renders_needed']}.")


def over(iterations: Sequence[Iteration], asked: int) -> str:
    """Why a run ended before all of the iterations that were ``asked`` for."""
    last = iterations[-1].details
    if "renders_needed" not in last:
        return (f"The renders had nothing more to say of the photographs, so matching ended after {len(iterations)} of "
                f"{asked} iterations.")
    return (f"Nothing stood out of the noise any more, so the run ended after {len(iterations)} of {asked} iterations: "
            f"an effect of a tenth of w's deviation would be heard with about {last['renders_needed']:,} renders at "
            f"once (--replay), this one with {last['effective']:.0f}.")


def summary(iterations: Sequence[Iteration], start: Mapping[str, tuple[str, float]],
            end: Mapping[str, tuple[str, float]]) -> Agreement | None:
    """The iterations together, with psi at its ``start`` and its ``end`` (see ``moments.named``); None where nothing
    was asked.

    A slope is the mean over the iterations that asked. They share renders: n estimates, each worth e_i of N renders,
    count as N / mean e independent ones, so that the variance of their mean is sum var_i / n^2 x sum e_i / N.
    """
    asked = [each for each in iterations if isinstance(each.details.get("agreement"), dict)]
    matched = matching.summary(iterations)
    if not asked and matched is None:
        return None
    heard = {move.coordinate: move.z for move in matched.moved} if matched else {}
    shared = max(1.0, sum(each.details.get("effective", 0.0) for each in asked) / max(1, asked[-1].images)) \
        if asked else 1.0
    coordinates = []
    for name, (key, value) in start.items():
        slope, error = _pooled([each.details["agreement"].get("intervals", {}).get(name) for each in asked], shared)
        coordinates.append(Coordinate(name, key, value, end.get(name, (key, value))[1], slope, error,
                                      heard.get(name, math.nan)))
    return Agreement(*(_mean(each.details["agreement"].get(name) for each in asked)
                       for name in ("renders", "photographs", "networks")), len(asked), coordinates)


def _pooled(intervals: Sequence[Any], shared: float) -> tuple[float, float]:
    """(mean, its standard error) of estimates given by their intervals, each draw being in ``shared`` of them."""
    pairs = [each for each in intervals if isinstance(each, (list, tuple)) and len(each) == 2]
    if not pairs:
        return math.nan, math.nan
    variance = sum(((high - low) / 2 / WIDTH) ** 2 for low, high in pairs)
    return sum((low + high) / 2 for low, high in pairs) / len(pairs), math.sqrt(shared * variance) / len(pairs)


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def cosines(agreement: Agreement) -> str:
    """What halves and networks say of each other, in one sentence; "" where none were asked."""
    parts = [f"{what} {value:.2f}" for what, value in (
        ("halves of the renders", agreement.renders), ("halves of the photographs", agreement.photographs),
        ("networks that were trained alike", agreement.networks)) if not math.isnan(value)]
    if not parts:
        return ""
    least = min(value for value in (agreement.renders, agreement.photographs, agreement.networks)
                if not math.isnan(value))
    meaning = ("what one alone says is mostly about itself" if least < LITTLE else
               "they say much the same" if least > MUCH else "they agree in part")
    return f"Agreement (1: the same, 0: nothing in common): {', '.join(parts)}; {meaning}."


def told(agreement: Agreement) -> str:
    """How many coordinates were told from chance, in one sentence."""
    asked = [each for each in agreement.coordinates if each.asked]
    sure = sum(each.sure for each in asked)
    if not asked:
        return ""
    if not sure:
        return (f"Level: of {len(asked)} coordinates of the distributions none was told from chance, so what moved may "
                f"have moved by chance.")
    return (f"{sure} of {len(asked)} coordinates of the distributions were told from chance (by chance alone it would "
            f"be about {len(asked) / 20:.0f}).")
