"""psi in words: short texts in plain units for list rows and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpy.app.translations import pgettext_iface as iface_

from ..protocol import FILM
from ..protocol.numbers import Agreement, Coordinate, Numbers
from ..protocol.vocabulary import film_name
from ..protocol.words import number
from ..run.report.verdict import outcome_of
from .jobs.run_follower import Status

#: How a job stands, by ``RunState.status``.
STATUS_WORDS = {
    Status.STARTING: "starting", Status.RUNNING: "running", Status.CANCELLING: "stopping", Status.DONE: "done",
    Status.CANCELLED: "stopped by you", Status.ERROR: "ended with an error", Status.LOST: "ended without finishing"}


def _unit(unit: str, values: Sequence[float]) -> tuple[list[float], str]:
    """Angles are read in degrees."""
    if unit == "rad":
        return [math.degrees(value) for value in values], "°"
    return list(values), unit


def psi(parameters: dict, unit: str = "", items: Sequence[str] = ()) -> str:
    """One line for a distribution: "120 ± 40 W", "(0, 1.2, 3) ± 0.5 m", "Metal 62 %"."""
    if "p" in parameters:
        p = list(parameters["p"])
        if tuple(items) == ("off", "on"):
            return f"on {100 * p[1]:.0f} %"
        best = max(range(len(p)), key=p.__getitem__)
        if len(p) > 1 and max(p) - min(p) < 0.005:
            return f"any of {len(p)}"
        label = items[best] if best < len(items) else str(best)
        return f"{label}{':' * label.isdigit()} {100 * p[best]:.0f} %"
    mean, shown = _unit(unit, parameters["mean"])
    std, _ = _unit(unit, parameters["std"])
    suffix = f" {shown}" if shown and shown != "°" else shown
    if len(mean) == 1:
        return f"{number(mean[0])} ± {number(std[0])}{suffix}"
    means = ", ".join(number(value) for value in mean)
    spread = number(std[0]) if max(std) - min(std) < 0.02 * max(std) else \
        f"({', '.join(number(value) for value in std)})"
    return f"({means}) ± {spread}{suffix}"


def interval(low: float, high: float, unit: str = "") -> str:
    """"0 to 12 m"."""
    values, shown = _unit(unit, (low, high))
    suffix = shown if shown in {"", "°"} else f" {shown}"
    return f"{number(values[0])} to {number(values[1])}{suffix}"


def short(parameters: dict, unit: str = "", items: Sequence[str] = ()) -> str:
    """As ``psi``, for a narrow row: no unit, of a vector only how wide it is."""
    if "p" in parameters:
        return psi(parameters, unit, items)
    mean, shown = _unit(unit, parameters["mean"])
    std, _ = _unit(unit, parameters["std"])
    if len(mean) > 1:
        suffix = shown if shown in {"", "°"} else f" {shown}"
        return f"± {number(sum(std) / len(std))}{suffix}"
    return f"{number(mean[0])} ± {number(std[0])}{'°' * (shown == '°')}"


def mark_name(name: str) -> str:
    """A learnable property's name as lists show it: those of the film are keys."""
    film = FILM.get(film_name(name))
    return film.label if film else name


#: How what is told of a run names going on with it: a flag, which in the window is a button.
_GO_ON = "--resume"


def note(text: str) -> str:
    """What a run has told, for a window, which has no flags."""
    return text.replace(_GO_ON, iface_("Go On (beside Last run, under Optimize)"))


def verdict(numbers: Numbers) -> str:
    """Whether the fresh networks say that moving the distributions helped: BETTER | LEVEL | WORSE, "" if unknown.

    As the report judges.
    """
    learned, start = (numbers.rows.get(name) for name in ("learned", "start"))
    if not learned or not start or math.isnan(learned.metric + start.metric):
        return ""
    return {"better": "BETTER", "mixed": "LEVEL", "worse": "WORSE"}[outcome_of(learned, start)]


def sure(agreement: Agreement | None) -> dict[str, str]:
    """By mark, which of its numbers a run tells from chance; marks of which nothing was asked are left out."""
    found: dict[str, list[Coordinate]] = {}
    for each in agreement.coordinates if agreement else ():
        if each.asked:
            found.setdefault(each.key, []).append(each)
    return {key: _sure([each.name.removeprefix(f"{key}.").partition("[")[0] for each in coordinates if each.sure])
            for key, coordinates in found.items()}


def _sure(names: Sequence[str]) -> str:
    words = {"mean": "mean", "std": "spread"}
    told = list(dict.fromkeys(words.get(name, "share") for name in names))
    return f"{' and '.join(told)} told from chance" if told else "may be chance"
